/**
 * What Kafka did not do. The message names the brokers or the topic and what to do; it holds no secret.
 * `fatal`: this client can do nothing any more and has to be opened anew.
 */
export class KafkaError extends Error {
  override readonly name: string = 'KafkaError';
  readonly fatal: boolean;
  constructor(message: string, options: { readonly cause?: unknown; readonly fatal?: boolean } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.fatal = options.fatal ?? false;
  }
}

/** What to do about a reason that librdkafka gives, first match first. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/invalid credentials|Authentication failed/i, 'check kafka.sasl: mechanism, username and password'],
  [/unsupported.*mechanism|mechanism.*not (enabled|supported)/i, 'the brokers do not offer kafka.sasl.mechanism'],
  [/certificate could not be verified|certificate verify failed/i, "set kafka.tls.caFile to the brokers' CA"],
  [/PLAINTEXT broker listener/i, 'the listener speaks no TLS: remove kafka.tls or use its TLS port'],
  [
    /certificate required|bad certificate|SSL alert number/i,
    'the brokers refuse the client certificate: check kafka.tls.certFile and keyFile',
  ],
  [/Failed to resolve/i, 'check the host names in kafka.brokers'],
  [/Connection refused|timed out|timeout|No route|unreachable/i, 'check kafka.brokers and that the brokers run'],
  // A listener without TLS may also just hang up on what it cannot read.
  [/SSL connection closed by peer/i, 'the listener may speak no TLS: remove kafka.tls or use its TLS port'],
  [
    /closed by peer|Disconnected.*APIVERSION|SSL handshake/i,
    'the listener may expect TLS or SASL: check kafka.tls and kafka.sasl',
  ],
  [/authorization failed/i, 'grant the user access to the topic and the group'],
];

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
