/** A reason that broker, network or TLS give, and what to do about it. `$1` is what the pattern caught. */
export type Remedy = readonly [RegExp, string];

/** Those of every connection. */
const REMEDIES: readonly Remedy[] = [
  [
    /it was closed at once/,
    'the virtual host is not there (rabbitmqctl add_vhost) or closed to the user (rabbitmqctl set_permissions)',
  ],
  [/ACCESS[_-]REFUSED/, 'check username and password'],
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

/**
 * What an error says, without the client's own words around, and what to do, first match first, one's own remedies
 * before those of every connection: `reason; remedy`.
 */
export function explained(error: unknown, own: readonly Remedy[] = []): string {
  const reason = reasonOf(error);
  for (const [pattern, remedy] of [...own, ...REMEDIES]) {
    const match = pattern.exec(reason);
    if (match) return `${reason}; ${remedy.replace('$1', match[1] ?? '')}`;
  }
  return reason;
}

const CLOSED_AT_ONCE = /Expected ConnectionOpenOk; got <ConnectionClose/;

/** `Operation failed: QueueDeclare; 406 (PRECONDITION-FAILED) with message "…"`: what the broker said is in the quotes. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Of several addresses of a name, each with its own failure, Node says nothing but their codes.
  const { code, message } = error as NodeJS.ErrnoException;
  // The client keeps to itself why the broker opens no virtual host; its log has it.
  if (CLOSED_AT_ONCE.test(message)) return 'it was closed at once';
  const said = /with message "(.*)"/s.exec(message)?.[1] ?? message;
  return typeof code === 'string' && !said.includes(code) ? `${said || 'no connection'} (${code})` : said;
}
