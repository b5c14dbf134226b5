import pino, { type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { redactUrls, STARS } from './config/redact.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
/** `auto`: for people on a terminal, else JSON. */
export const LOG_FORMATS = ['auto', 'json', 'pretty'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];
export type Log = Logger;

export interface LogOptions {
  readonly level: LogLevel;
  /** Where lines go; the program's is standard error. */
  readonly destination: NodeJS.WritableStream;
  /** Lines for people rather than JSON. */
  readonly pretty: boolean;
  readonly color: boolean;
}

/** Members that never reach a line, wherever an object logs them. */
const SECRET_MEMBERS = ['password', 'secret', 'token', 'keyPassword', 'authorization'];

/** Makes the program's log, an event a line: JSON with ISO times, or text for people. */
export function createLog(options: LogOptions): Log {
  const destination = options.pretty ? textTo(options) : options.destination;
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
      redact: { paths: SECRET_MEMBERS.flatMap((name) => [name, `*.${name}`]), censor: STARS },
      hooks: { logMethod: redactMessage },
    },
    destination,
  );
}

/** Text for people; errors too stay on the line of their event, which pino-pretty's own stream would not have. */
function textTo({ destination, color }: LogOptions): pino.DestinationStream {
  const format = prettyFactory({
    colorize: color,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname,service',
    singleLine: true,
    errorLikeObjectKeys: [],
  });
  return { write: (line) => void destination.write(format(line)) };
}

/** What went wrong with its causes, without passwords in addresses. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return redactUrls(String(error));
  const code = 'code' in error ? { code: String(error.code) } : {};
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) };
  return { type: error.name, message: redactUrls(error.message), ...code, ...cause };
}

type LogMethod = (this: Logger, ...args: Parameters<pino.LogFn>) => void;

function redactMessage(this: Logger, args: Parameters<pino.LogFn>, method: pino.LogFn): void {
  const redacted = args.map((part: unknown) => (typeof part === 'string' ? redactUrls(part) : part));
  (method as LogMethod).apply(this, redacted as Parameters<pino.LogFn>);
}
