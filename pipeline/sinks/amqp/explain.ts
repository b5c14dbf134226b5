/** What to do about a reason that broker, network or TLS give, first match first. `$1` is what the pattern caught. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/inequivalent arg 'durable' for (?:exchange|queue).* current is '(\w+)'/, 'set durable: $1'],
  [/inequivalent arg 'type' for exchange/, 'it must be of type topic: name another exchange'],
  [/inequivalent arg 'x-queue-type' .*current is the value '(\w+)'/, 'set queue.type: $1'],
  [/inequivalent arg 'x-queue-type' .*current is none/, 'set queue.type: classic'],
  [/inequivalent arg/, 'it was declared otherwise: set declare: check to take it as it is'],
  [/no (?:exchange|queue) /, 'create it, or set declare: create'],
  [
    /Expected ConnectionOpenOk; got <ConnectionClose/,
    'the virtual host is not there (rabbitmqctl add_vhost) or closed to the user (rabbitmqctl set_permissions)',
  ],
  [/access to (?:exchange|queue|topic)/, 'grant the user configure, write and read permissions on exchange and queue'],
  [/ACCESS[_-]REFUSED/, 'check username and password'],
  [/message size/, 'lower batch.bytes, or raise max_message_size of the broker'],
  [/RESOURCE[_-]LOCKED/, 'the queue is exclusive to another connection: choose another topic'],
  [/message nacked/, 'its queue is full (x-max-length with reject-publish) or failing: consume it or raise its limit'],
  [/NO_ROUTE/, 'no queue is bound for it: set queue.declare: true or let the consumer bind one'],
  [/ECONNREFUSED/, 'start the broker or correct host and port'],
  [/ENOTFOUND|EAI_AGAIN/, 'check the host name and the DNS'],
  [/SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)/, "set tls.caFile to the brokers' CA"],
  [/ERR_TLS_CERT_ALTNAME_INVALID/, "set tls.serverName to a name in the broker's certificate"],
  [/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/, "renew the broker's certificate or check the clocks"],
  [/alert|KEY_VALUES_MISMATCH/i, 'check tls.certFile and tls.keyFile: the broker refuses the client certificate'],
  [/wrong version number|packet length too long/i, 'the port speaks no TLS: use amqp:// or its TLS port'],
  [/closed abruptly/, 'it hung up in the handshake: a TLS port needs amqps://, another server is no broker'],
  [/ECONNRESET|EPIPE|Unexpected close/, 'it hung up: see its log; a TLS port needs amqps://'],
  [/did not end within|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/, 'check the way there and that the broker is well'],
];

/** What an error says, without the client's own words around, and what to do: `reason; remedy`. */
export function explained(error: unknown): string {
  const reason = reasonOf(error);
  for (const [pattern, remedy] of REMEDIES) {
    const match = pattern.exec(reason);
    if (match) return `${reason}; ${remedy.replace('$1', match[1] ?? '')}`;
  }
  return reason;
}

/** `Operation failed: QueueDeclare; 406 (PRECONDITION-FAILED) with message "…"`: what the broker said is in the quotes. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Of several addresses of a name, each with its own failure, Node says nothing but their codes.
  const { code, message } = error as NodeJS.ErrnoException;
  // The client keeps to itself why the broker opens no virtual host; its log has it.
  const said = /with message "(.*)"/s.exec(message)?.[1] ?? message;
  return typeof code === 'string' && !said.includes(code) ? `${said || 'no connection'} (${code})` : said;
}
