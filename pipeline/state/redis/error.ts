/** Redis cannot be used. The message names the server and what to do; it holds no secret. */
export class RedisError extends Error {
  override readonly name = 'RedisError';
}

/** What no waiting mends: the server understood and refused. */
const REFUSALS = /^(?:WRONGPASS|NOAUTH|NOPERM|ERR|WRONGTYPE|NOSCRIPT|CROSSSLOT)\b/;
/** Refusals that pass: a server that starts, gives way to another or is full. */
const PASSING = /^ERR (?:max number of clients|operation not permitted while)/;

/** A server that cannot show who it is. */
const UNTRUSTED = /self.signed|unable to (?:verify|get)|certificate/i;

/** Is it worth trying again? Everything but a refusal is: connections come back, clusters heal, disks are made room on. */
export const isPassing = (error: unknown): boolean => {
  const message = error instanceof Error ? error.message : String(error);
  if (UNTRUSTED.test(message)) return false;
  return !REFUSALS.test(message) || PASSING.test(message);
};

/** What to do about what Redis says; undefined if its own words are enough. */
export function remedyFor(message: string): string | undefined {
  if (/WRONGPASS|NOAUTH/.test(message)) return 'check state.username and state.password';
  if (/NOPERM/.test(message)) return 'the user needs the rights that docs/operations.md lists';
  if (/OOM/.test(message)) return 'Redis is full: give it more memory (maxmemory)';
  if (/does not match certificate/i.test(message))
    return 'name the server in state.url as its certificate does, or set state.tls.serverName';
  if (/expired/i.test(message)) return "renew the server's certificate, or check the clocks";
  if (UNTRUSTED.test(message)) return "set state.tls.caFile to the CA that signed the server's certificate";
  if (/wrong version number/i.test(message)) return 'the port speaks no TLS: use redis:// or its TLS port';
  if (/ECONNRESET|EPIPE/.test(message)) return 'it hung up: a TLS port needs rediss://, and another server is no Redis';
  if (/ENOTFOUND|EAI_AGAIN/.test(message)) return 'check the host name and the DNS';
  return undefined;
}
