import type { Client, Producer } from 'node-rdkafka';
import type { Clock } from '../runtime/clock.ts';
import { LATE, orLate } from '../runtime/deadline.ts';
import type { Report } from '../runtime/events.ts';
import { brokersWord, isRefusal, KafkaError, plainReason, remedyFor, textOf } from './kafka-error.ts';

/** What every part of this folder needs besides its own arguments. */
export interface KafkaContext {
  readonly clock: Clock;
  readonly report: Report;
  /** For connecting a client; default 10 s. */
  readonly connectTimeoutMs?: number;
}

/** How a client finds its brokers and who it is. */
export interface Destination {
  /** Comma-separated host:port list, as messages name it. */
  readonly brokers: string;
  readonly token: string | null;
}

const CONNECT_TIMEOUT_MS = 10_000;
const LOG_MS = 300;
/** The same trouble again is told once in this time. */
const REPEAT_US = 30_000_000;
/** What a client said so long ago explains nothing; of what goes on it says the same once in 30 to 40 s. */
const FORGOTTEN_US = 60_000_000;
/** Different troubles remembered as told. */
const REMEMBERED = 100;
const ERR_FATAL = -150;
const HUNG_UP = /Disconnected: SSL connection closed by peer$/;

/** Turns one of the binding's callback calls into a promise. */
export const ask = <T>(call: (done: (error: unknown, value?: T) => void) => void): Promise<T> =>
  new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value as T)));
  });

/** What went wrong last with a client: librdkafka's calls fail without saying why, its log and events do say. */
export interface Trouble {
  reason(): string | null;
  fatal(): boolean;
}

/** Listens to a client's errors and log: reports errors as `kafka.trouble`, keeps the last reason. */
export function listenForTrouble(client: Client<string>, name: string, { clock, report }: KafkaContext): Trouble {
  let last: { readonly reason: string; readonly at: number } | null = null;
  const reasonNow = (): string | null =>
    last !== null && clock.monotonic() - last.at < FORGOTTEN_US ? last.reason : null;
  let refusedAt = Number.NEGATIVE_INFINITY;
  let fatal = false;
  const toldAt = new Map<string, number>();
  const note = (text: string): string => {
    const now = clock.monotonic();
    const reason = reasonNow();
    if (isRefusal(text)) refusedAt = now;
    // Of one handshake librdkafka tells now what was wrong with it, now only that the broker hung up.
    else if (HUNG_UP.test(text) && reason !== null && isRefusal(reason) && now - refusedAt < REPEAT_US) return reason;
    last = { reason: text, at: now };
    return text;
  };
  client.on('event.log', (entry: { severity: number; fac: string; message: string }) => {
    if (entry.fac === 'FAIL' || entry.severity <= 3) note(plainReason(entry.message));
  });
  client.on('event.error', (error: { code: number; message: string }) => {
    fatal ||= error.code === ERR_FATAL;
    const text = plainReason(error.message);
    const reason = reasonNow();
    // "broker transport failure" and the like say less than the log line that came before.
    const isNews = brokersWord(error) !== null || remedyFor(text) !== undefined;
    const told = isNews || reason === null ? note(text) : reason;
    const before = toldAt.get(told);
    if (before !== undefined && clock.monotonic() - before < REPEAT_US) return;
    toldAt.set(told, clock.monotonic());
    if (toldAt.size > REMEMBERED) toldAt.clear();
    report({ event: 'kafka.trouble', client: name, error: new KafkaError(withRemedy(told), { cause: error }) });
  });
  return { reason: reasonNow, fatal: () => fatal };
}

/** Connects, or rejects with a KafkaError that names the brokers, the reason and the remedy. */
export async function connect(
  client: Client<string>,
  destination: Destination,
  context: KafkaContext,
  trouble: Trouble,
): Promise<void> {
  const timeout = context.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  try {
    if (destination.token !== null) client.setOauthBearerToken(destination.token);
    await ask((done) => client.connect({ timeout, allTopics: false, topic: '' }, done));
  } catch (cause) {
    // The log, which says why, may come a moment after the verdict.
    if (remedyFor(trouble.reason() ?? '') === undefined) await context.clock.sleep(LOG_MS);
    throw explained(`cannot reach Kafka at ${destination.brokers}`, cause, trouble);
  }
}

/**
 * A KafkaError of a sentence, the reason behind it and what to do. The reason is what a broker answered; where none did,
 * what the client has told lately says more than the call's failure.
 */
export function explained(sentence: string, cause: unknown, trouble: Trouble): KafkaError {
  const word = brokersWord(cause);
  const said = textOf(cause);
  const reason = word !== null || isRefusal(said) ? said : (trouble.reason() ?? said);
  return new KafkaError(`${sentence}: ${withRemedy(reason)}`, {
    cause,
    fatal: trouble.fatal(),
    away: (word?.passes ?? true) && !isRefusal(reason),
  });
}

function withRemedy(reason: string): string {
  const remedy = remedyFor(reason);
  return remedy === undefined ? reason : `${reason}; ${remedy}`;
}

/** Disconnects; ends at the deadline whatever the client does, and reports it then. */
export async function disconnect(
  client: Client<string>,
  name: string,
  deadlineMs: number,
  { clock, report }: KafkaContext,
): Promise<void> {
  if (!client.isConnected()) return;
  // It would poll a handle that is being destroyed in another thread.
  if ('setPollInterval' in client) (client as Producer).setPollInterval(0);
  const tell = (error: unknown) =>
    report({
      event: 'kafka.trouble',
      client: name,
      error: new KafkaError(`${name}: closing failed`, { cause: error }),
    });
  const done = ask((resolve) => client.disconnect(resolve));
  if ((await orLate(clock, deadlineMs, done, tell)) === LATE)
    tell(new KafkaError(`${name} did not close within ${deadlineMs} ms`));
}
