import { type Command, Option } from 'commander';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { exactJson } from '../runtime/json.ts';
import { handleSignals } from '../runtime/signals.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { plural } from './human.ts';
import { durationMs, portNumber, secretIn, wholeNumber } from './options.ts';
import type { Parts, ReceivedMeter } from './parts.ts';
import { type Column, columnWidths, formatRow, printable } from './table.ts';
import { type Terminal, writeLine } from './terminal.ts';

/** Faults that are told one by one; more are counted. */
const FAULTS_TOLD = 5;

const EXAMPLES = `
Examples:
  hypermeter listen udp
  hypermeter listen udp --port 4952 --secret-file telemetry_secret --for 30s
  hypermeter listen udp --count 100 -o json | jq -c '[.counter_name, .counter_volume]'`;

interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly output: 'table' | 'json';
  readonly count?: number;
  readonly for?: number;
  readonly secret?: string;
  readonly secretFile?: string;
}

const COLUMNS: readonly Column[] = [
  { title: 'TIMESTAMP', align: 'left' },
  { title: 'RESOURCE', align: 'left' },
  { title: 'METER', align: 'left' },
  { title: 'TYPE', align: 'left' },
  { title: 'VOLUME', align: 'right' },
  { title: 'UNIT', align: 'left' },
  { title: 'SIGNATURE', align: 'left' },
];
/** Lines are printed as meters come, so columns are as wide from the start as they mostly get. */
const USUAL_WIDTHS = [32, 36, 32, 10, 20, 9, 9];

export function addListenUdp(listen: Command, parts: Parts, terminal: Terminal, clock: Clock = systemClock): void {
  listen
    .command('udp')
    .description("print the meters that come in as Ceilometer's UDP datagrams")
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on, 0 for a free one', portNumber, 4952)
    .addOption(
      new Option('-o, --output <format>', 'for people or programs').choices(['table', 'json']).default('table'),
    )
    .option('--count <n>', 'stop after so many meters', wholeNumber)
    .option('--for <duration>', 'stop after this time', durationMs)
    .option('--secret <secret>', 'check signatures with it (others can see it: better --secret-file)')
    .option('--secret-file <file>', 'check signatures with what the file holds', secretIn)
    .addHelpText('after', EXAMPLES)
    .action((options: ListenOptions) => listenUdp(options, parts, terminal, clock));
}

async function listenUdp(options: ListenOptions, parts: Parts, terminal: Terminal, clock: Clock): Promise<void> {
  const over = new AbortController();
  const printer = printerOf(options, terminal, () => over.abort());
  const secret = options.secretFile ?? options.secret;
  const socket = await parts
    .listenUdp({ ...options, ...(secret === undefined ? {} : { secret }) }, printer.meter, printer.fault)
    .catch((error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'another program listens there; choose another --port' : error.message;
      throw new CommandFailure(EXIT.unavailable, `cannot listen on ${options.host}:${options.port}: ${why}`);
    });
  const stop = () => over.abort();
  const release = handleSignals(terminal.signals, { stop, exitNow: stop, crash: printer.fail });
  try {
    await writeLine(terminal.stderr, `listening on ${options.host}:${socket.port}`);
    if (printer.isOpen()) await until(over.signal, options.for, clock);
  } finally {
    release();
    await socket.close();
  }
  await printer.end();
}

/** Waits for the signal, or the time if there is one. */
async function until(signal: AbortSignal, ms: number | undefined, clock: Clock): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  if (ms === undefined) return aborted;
  const timer = new AbortController();
  // The timer that lost is told to go, which rejects it.
  const elapsed = clock.sleep(ms, timer.signal).catch(() => undefined);
  await Promise.race([aborted, elapsed]);
  timer.abort();
}

function printerOf(options: ListenOptions, terminal: Terminal, enough: () => void) {
  let meters = 0;
  let faults = 0;
  let broken: unknown;
  let last: Promise<void> = Promise.resolve();
  let widths: readonly number[] = USUAL_WIDTHS;
  const isOpen = () => broken === undefined && (options.count === undefined || meters < options.count);
  const fail = (error: unknown): void => {
    broken ??= error;
    enough();
  };
  const print = (line: string, output = terminal.stdout): void => {
    const written = writeLine(output, line);
    last = written;
    written.catch(fail);
  };
  const meter = (received: ReceivedMeter): void => {
    if (!isOpen()) return;
    if (options.output === 'json') {
      const checked = received.signature === 'unchecked' ? {} : { signature: received.signature };
      print(exactJson({ ...received.message, ...checked }));
    } else {
      const row = rowOf(received);
      widths = columnWidths(COLUMNS, [row], widths);
      const titles = COLUMNS.map(({ title }) => title);
      if (meters === 0) print(formatRow(COLUMNS, widths, titles));
      print(formatRow(COLUMNS, widths, row));
    }
    meters++;
    if (!isOpen()) enough();
  };
  const fault = ({ error, from }: { readonly error: Error; readonly from: string | null }): void => {
    faults++;
    if (faults <= FAULTS_TOLD) print(printable(`${from ?? 'socket'}: ${error.message}`), terminal.stderr);
  };
  const end = async (): Promise<void> => {
    await last;
    if (broken !== undefined) throw broken;
    await writeLine(terminal.stderr, `${plural(meters, 'meter')}, ${plural(faults, 'other datagram')}`);
  };
  return { meter, fault, fail, isOpen, end };
}

const rowOf = ({ message, signature }: ReceivedMeter): readonly string[] =>
  [
    message.timestamp,
    message.resource_id,
    message.counter_name,
    message.counter_type,
    message.counter_volume,
    message.counter_unit,
    signature === 'unchecked' ? '' : signature,
  ].map((cell) => printable(typeof cell === 'string' ? cell : exactJson(cell)));
