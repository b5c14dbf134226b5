import type { Command } from 'commander';
import type { Clock } from '../runtime/clock.ts';
import { handleSignals } from '../runtime/signals.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { createMeterPrinter } from './meter-printer.ts';
import { durationMs, outputOption, portNumber, secretIn, wholeNumber } from './options.ts';
import type { Listen } from './parts.ts';
import { type Terminal, writeLine } from './terminal.ts';

/** What every way of listening takes. */
export interface ListenCommandOptions {
  readonly host: string;
  readonly port: number;
  readonly output: 'table' | 'json';
  readonly count?: number;
  readonly for?: number;
  readonly secret?: string;
  readonly secretFile?: string;
}

export const addListenOptions = (command: Command): Command =>
  command
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on, 0 for a free one', portNumber, 4952)
    .addOption(outputOption())
    .option('--count <n>', 'stop after so many meters', wholeNumber)
    .option('--for <duration>', 'stop after this time', durationMs)
    .option('--secret <secret>', 'check signatures with it (others can see it: better --secret-file)')
    .option('--secret-file <file>', 'check signatures with what the file holds', secretIn);

/**
 * Prints what comes in until there is enough of it, the time is over or a signal comes; `fault` is what a thing that is
 * no meter is called. Rejects with a CommandFailure where the address cannot be had.
 */
export async function printHeard(
  listen: Listen,
  fault: string,
  options: ListenCommandOptions,
  terminal: Terminal,
  clock: Clock,
): Promise<void> {
  const over = new AbortController();
  const printer = createMeterPrinter({ ...options, fault }, terminal, () => over.abort());
  const secret = options.secretFile ?? options.secret;
  const { host, port } = options;
  const where = { host, port, ...(secret === undefined ? {} : { secret }) };
  const socket = await listen(where, printer.meter, printer.fault).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'EADDRINUSE' ? 'another program listens there; choose another --port' : error.message;
    throw new CommandFailure(EXIT.unavailable, `cannot listen on ${host}:${port}: ${why}`);
  });
  const stop = () => over.abort();
  const release = handleSignals(terminal.signals, { stop, exitNow: stop, crash: printer.fail });
  try {
    await writeLine(terminal.stderr, `listening on ${host}:${socket.port}`);
    if (printer.isOpen()) await until(over.signal, options.for, clock);
  } finally {
    release();
    await socket.close();
  }
  await printer.end(socket.tally?.());
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
