import { CommanderError } from 'commander';
import { EndpointError } from '../../connectors/connector.ts';
import { SpoolError } from '../../connectors/spool/spool-error.ts';
import { KafkaError } from '../kafka/kafka-error.ts';
import { SavedStateError } from '../model/saved-error.ts';
import { ConfigError } from '../runtime/config/fault.ts';
import { DeadlineError } from '../runtime/deadline.ts';
import { OpsError } from '../runtime/ops.ts';
import { SinkError } from '../sinks/sink.ts';
import { RedisError } from '../state/redis/error.ts';

/** What the program's exit codes mean, after sysexits(3). */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 64,
  data: 65,
  noInput: 66,
  unavailable: 69,
  internal: 70,
  config: 78,
} as const;

/** The same in words, the one place that tells it to users; with the signals that end a process before its time. */
export const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  [EXIT.ok]:
    'All is well; for a long-running command also that a signal stopped it; what a sink that is away lacks then is told, and delivered after the start.',
  [EXIT.failure]:
    'Something failed while it ran, or did not stop in time; of `config diff` that there are differences.',
  [EXIT.usage]: 'The command line is wrong.',
  [EXIT.data]: 'What was looked at is not as it has to be: totals of an audit, a replay or an explanation differ.',
  [EXIT.noInput]: 'A file that is needed cannot be read.',
  [EXIT.unavailable]: 'A service that is needed cannot be reached, or refuses.',
  [EXIT.internal]: 'A bug of Hypermeter.',
  [EXIT.config]: 'The configuration is wrong, or not there; every fault is told, with its place.',
  130: 'A second SIGINT ended it at once.',
  143: 'A second SIGTERM ended it at once.',
};

const KILLED: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/** The exit code of a process that a signal killed: 128 and the signal's number. */
export const killedBy = (signal: string): number => KILLED[signal] ?? EXIT.failure;

/** A command ends with this exit code and message; an empty message when all was said. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Whoever read the output has closed it: nothing is wrong, and nothing more is wanted. */
export const isPipeClosed = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EPIPE';

/** Errors of those who talk to services. */
const UNREACHABLE = [EndpointError, KafkaError, SinkError, RedisError, SpoolError, DeadlineError] as const;

/** The exit code that an error means. */
export function exitCodeOf(error: unknown): number {
  if (isPipeClosed(error)) return EXIT.ok;
  if (error instanceof CommandFailure) return error.code;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof ConfigError || error instanceof SavedStateError) return EXIT.config;
  if (UNREACHABLE.some((kind) => error instanceof kind)) return EXIT.unavailable;
  if (error instanceof OpsError) return EXIT.failure;
  return EXIT.internal;
}
