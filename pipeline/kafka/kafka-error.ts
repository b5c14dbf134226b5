export interface KafkaErrorOptions {
  readonly cause?: unknown;
  readonly fatal?: boolean;
  readonly away?: boolean;
}

/**
 * What Kafka did not do. The message names the brokers or the topic and what to do; it holds no secret.
 * `fatal`: this client can do nothing any more and has to be opened anew. `away`: no broker has refused anything; they may
 * be there another time.
 */
export class KafkaError extends Error {
  override readonly name: string = 'KafkaError';
  readonly fatal: boolean;
  readonly away: boolean;
  constructor(message: string, options: KafkaErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.fatal = options.fatal ?? false;
    this.away = options.away ?? false;
  }
}

/** What a client threw, in words: the binding throws errors, and objects that only look like them. */
export const textOf = (cause: unknown): string =>
  typeof cause === 'object' && cause !== null && 'message' in cause ? String(cause.message) : String(cause);

/** What to do about a reason that librdkafka gives, first match first. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/invalid credentials|Authentication failed/i, 'check kafka.sasl: mechanism, username and password'],
  [
    /not valid in current SASL state|SASL_HANDSHAKE.*not supported/i,
    'the listener takes no SASL: remove kafka.sasl or use its SASL port',
  ],
  [
    /required feature not supported/i,
    'it is no listener for clients, a controller perhaps: check the port in kafka.brokers',
  ],
  [/unsupported.*mechanism|mechanism.*not (enabled|supported)/i, 'the brokers do not offer kafka.sasl.mechanism'],
  // librdkafka tells neither an expired certificate nor one for another name from one of an unknown CA.
  [
    /certificate could not be verified|certificate verify failed/i,
    'set kafka.tls.caFile to the CA that signed the brokers’ certificate; if it is, that has expired or names another host',
  ],
  [/PLAINTEXT broker listener/i, 'the listener speaks no TLS: remove kafka.tls or use its TLS port'],
  [
    /certificate required|bad certificate|SSL alert number/i,
    'the brokers refuse the client certificate: check kafka.tls.certFile and keyFile',
  ],
  [/Failed to resolve/i, 'check the host names in kafka.brokers'],
  [/Connection refused|timed out|timeout|No route|unreachable/i, 'check kafka.brokers and that the brokers run'],
  // A listener without TLS may also just hang up on what it cannot read.
  [/SSL connection closed by peer/i, 'the listener may speak no TLS, or expect SASL: check kafka.tls and kafka.sasl'],
  [
    /closed by peer|Disconnected.*APIVERSION|SSL handshake/i,
    'the listener may expect TLS or SASL: check kafka.tls and kafka.sasl',
  ],
  [/authorization failed/i, 'grant the user access to the topic and the group'],
];

/** What brokers say that are there and will say it again. */
const REFUSALS =
  /credentials|authentication failed|mechanism|certificate|PLAINTEXT broker listener|SSL alert|authorization|replication factor/i;

/** Whether a reason is a broker's word, not its absence. */
export const isRefusal = (reason: string): boolean => REFUSALS.test(reason);

/**
 * What a broker says that passes by itself: leaders, coordinators and controllers that move, replicas that are missing,
 * a topic that is being made. librdkafka numbers brokers' errors as the protocol does, its own below zero.
 */
const PASSING: ReadonlySet<number> = new Set([3, 5, 6, 7, 8, 9, 13, 14, 15, 16, 19, 20, 41, 56, 72, 74, 75, 89]);

/** Whether a call failed with what a broker answered; null: no broker did. `passes`: it may not say so another time. */
export function brokersWord(cause: unknown): { readonly passes: boolean } | null {
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  return typeof code === 'number' && code > 0 ? { passes: PASSING.has(code) } : null;
}

/** The remedy for a reason, or undefined if none is known. */
export const remedyFor = (reason: string): string | undefined =>
  REMEDIES.find(([pattern]) => pattern.test(reason))?.[1];

/**
 * Reduces a line of librdkafka's log to what a person needs: without thread and state, each address once.
 * `[thrd:h:1/bootstrap]: h:1/bootstrap: Connect to … failed: Connection refused (after 0ms in state CONNECT)`
 */
export const plainReason = (line: string): string =>
  line
    .replace(/^\[thrd:[^\]]*\]: /, '')
    .replace(/ \(after \d+ms in state \w+(, \d+ identical error\(s\) suppressed)?\)/, '')
    .replace(/\/bootstrap\b/, '');
