/** What amqplib's errors have beyond a message: an AMQP reply code, or a code of the system. */
interface Coded {
  readonly code?: number | string;
}

/** Codes of the system and of TLS, and what to do about each. */
const SYSTEM_REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: start RabbitMQ or correct host and port',
  ENOTFOUND: 'the name is unknown: correct the host',
  EAI_AGAIN: 'the name could not be looked up: check DNS',
  ECONNRESET: 'the connection was reset: check that the port speaks AMQP, and with TLS if so configured',
  EPROTO: 'the port does not speak TLS: use the TLS port, or amqp without tls',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the port does not speak TLS: use the TLS port, or amqp without tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed: give tls.caFile',
  SELF_SIGNED_CERT_IN_CHAIN: 'its CA is unknown: give tls.caFile',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its CA is unknown: give tls.caFile',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its CA is unknown: give tls.caFile',
  CERT_HAS_EXPIRED: 'its certificate has expired: renew it',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name: correct the host, or give tls.servername',
};

/** What to do about a failure, by what RabbitMQ says with it; the first that matches holds. */
const REPLY_REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/ACCESS_REFUSED.*Login was refused/is, 'wrong user or password: correct them'],
  [/ACCESS_REFUSED/i, 'the user lacks the permission: grant it, or let another declare and set declare: false'],
  [/vhost .*not found/is, 'there is no such vhost: create it, or correct the end of url'],
  [/access to vhost .*refused/is, 'the user may not enter the vhost: grant it with rabbitmqctl set_permissions'],
  [/message size .*larger/is, 'the broker takes no messages so large: lower maxBytes'],
  [
    /inequivalent arg/i,
    'exchange or queue exists otherwise: set durable and queueType as it is, or declare: passive, or delete it',
  ],
  [/NOT_FOUND/i, 'it does not exist: set declare: true, or create it'],
  [/RESOURCE_LOCKED/i, 'another connection has it for itself: choose another topic'],
  [/CONNECTION_FORCED/i, 'the broker ended the connection: see its log'],
  [/during opening handshake/i, 'it hung up at once: check that the port speaks AMQP, and with TLS if so configured'],
  [/Heartbeat timeout/i, 'it fell silent: check the network and the broker'],
  [/ETIMEDOUT/i, 'no answer in time: check the network, or raise timeout'],
];

/** What went wrong, in the broker's words, and what to do about it. It holds no secret, since those are never in them. */
export function explained(error: unknown): string {
  const { message } = error instanceof Error ? error : { message: String(error) };
  const { code } = error as Coded;
  const remedy =
    (typeof code === 'string' ? SYSTEM_REMEDIES[code] : undefined) ??
    REPLY_REMEDIES.find(([words]) => words.test(message))?.[1] ??
    'check the broker and the network';
  return `${inOneLine(message)}: ${remedy}`;
}

const MOST_CHARS = 500;

const inOneLine = (text: string): string => text.replace(/\s+/g, ' ').slice(0, MOST_CHARS);
