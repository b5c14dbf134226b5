import { exactJson } from '../runtime/json.ts';
import { plural } from './human.ts';
import type { DatagramTally, ReceivedMeter } from './parts.ts';
import { createStreamTable, type StreamColumn } from './stream-table.ts';
import { printable } from './table.ts';
import { type Terminal, writeLine } from './terminal.ts';

/** Faults that are told one by one; more are counted. */
const FAULTS_TOLD = 5;

export interface PrinterOptions {
  readonly output: 'table' | 'json';
  /** Stops after so many meters. */
  readonly count?: number;
  /** What a fault is, in the singular. */
  readonly fault: string;
}

/** Prints meters as they come. */
export interface MeterPrinter {
  meter(received: ReceivedMeter): void;
  fault(fault: { readonly error: Error; readonly from: string | null }): void;
  /** Something else went wrong: `end` rejects with it. */
  fail(error: unknown): void;
  /** False when there were enough meters, or something went wrong. */
  isOpen(): boolean;
  /** Waits for the last line and says what came, on standard error. */
  end(tally?: DatagramTally): Promise<void>;
}

const COLUMNS: readonly StreamColumn[] = [
  { title: 'TIMESTAMP', align: 'left', usual: 26, shrink: true, least: 20 },
  { title: 'RESOURCE', align: 'left', usual: 36, shrink: 'middle', least: 14 },
  { title: 'METER', align: 'left', usual: 28, shrink: 'middle', least: 14 },
  { title: 'TYPE', align: 'left', usual: 10, dispensable: 3 },
  { title: 'VOLUME', align: 'right', usual: 14 },
  { title: 'UNIT', align: 'left', usual: 6, dispensable: 2 },
  { title: 'SIGNATURE', align: 'left', usual: 9, dispensable: 1 },
];

/** A printer to the terminal that calls `enough` when it takes no more. */
export function createMeterPrinter(options: PrinterOptions, terminal: Terminal, enough: () => void): MeterPrinter {
  let meters = 0;
  let faults = 0;
  let broken: unknown;
  let last: Promise<void> = Promise.resolve();
  const row = createStreamTable(COLUMNS, terminal);
  const isOpen = () => broken === undefined && (options.count === undefined || meters < options.count);
  const fail = (error: unknown): void => {
    broken ??= error;
    enough();
  };
  const track = (written: Promise<void>): void => {
    last = written;
    written.catch(fail);
  };
  return {
    isOpen,
    fail,
    meter(received) {
      if (!isOpen()) return;
      track(options.output === 'json' ? writeLine(terminal.stdout, jsonOf(received)) : row([rowOf(received)]));
      meters++;
      if (!isOpen()) enough();
    },
    fault({ error, from }) {
      faults++;
      if (faults <= FAULTS_TOLD) track(writeLine(terminal.stderr, printable(`${from ?? 'socket'}: ${error.message}`)));
    },
    async end(tally) {
      await last;
      if (broken !== undefined) throw broken;
      const line =
        options.output === 'json'
          ? exactJson({ meters, faults, ...(tally === undefined ? {} : { packed: tally }) })
          : [plural(meters, 'meter'), plural(faults, options.fault), ...tallyWords(tally)].join(', ');
      await writeLine(terminal.stderr, line);
    },
  };
}

/** Nothing where no packed datagram came. */
function tallyWords(tally: DatagramTally | undefined): readonly string[] {
  if (tally === undefined || tally.senders === 0) return [];
  const { datagrams, lost, duplicates } = tally;
  const sent = plural(datagrams + lost, 'packed datagram');
  return [`${lost} of ${sent} lost`, ...(duplicates > 0 ? [`${duplicates} came twice`] : [])];
}

const jsonOf = ({ message, signature }: ReceivedMeter): string =>
  exactJson({ ...message, ...(signature === 'unchecked' ? {} : { signature }) });

const rowOf = ({ message, signature }: ReceivedMeter): readonly string[] =>
  [
    message.timestamp,
    message.resource_id,
    message.counter_name,
    message.counter_type,
    message.counter_volume,
    message.counter_unit,
    signature === 'unchecked' ? '' : signature,
  ].map((cell) => (typeof cell === 'string' ? cell : exactJson(cell)));
