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
  if (/NOPERM/.test(message))
    return 'the user needs +@read +@write +@scripting +info +config|get on the keys of state.prefix';
  if (/OOM/.test(message)) return 'Redis is full: give it more memory (maxmemory)';
  if (UNTRUSTED.test(message)) return 'check state.tls.caFile';
  return undefined;
}
