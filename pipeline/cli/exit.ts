import { CommanderError } from 'commander';
import { EndpointError } from '../../connectors/connector.ts';
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
  /** Something failed while it ran. */
  failure: 1,
  /** The command line is wrong. */
  usage: 64,
  /** What was looked at is not as it has to be. */
  data: 65,
  /** A file that is needed cannot be read. */
  noInput: 66,
  /** A service that is needed cannot be reached. */
  unavailable: 69,
  /** A bug. */
  internal: 70,
  /** The configuration is wrong. */
  config: 78,
} as const;

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
const UNREACHABLE = [EndpointError, KafkaError, SinkError, RedisError, DeadlineError] as const;

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
