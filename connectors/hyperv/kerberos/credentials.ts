/** Where the Kerberos library is to find tickets, or a key to get them with. */
export interface Credentials {
  /** A file of tickets, which somebody else renews. */
  readonly ccache?: string | undefined;
  /** A file of keys, of which tickets are got and renewed as they are needed. */
  readonly keytab?: string | undefined;
  /** `meter@EXAMPLE.ORG`; undefined: the first one there. */
  readonly principal?: string | undefined;
}

type Variables = Readonly<Record<'KRB5CCNAME' | 'KRB5_CLIENT_KTNAME', string | undefined>>;

/** As they were when the process began. */
const OWN: Variables = {
  KRB5CCNAME: process.env.KRB5CCNAME,
  KRB5_CLIENT_KTNAME: process.env.KRB5_CLIENT_KTNAME,
};

/** What the library reads. Tickets that are got with a key are kept in memory, by user. */
export function variablesOf({ ccache, keytab, principal = '' }: Credentials): Variables {
  if (ccache !== undefined) return { ...OWN, KRB5CCNAME: `FILE:${ccache}` };
  if (keytab === undefined) return OWN;
  return {
    KRB5CCNAME: `MEMORY:hypermeter ${principal} ${keytab}`,
    KRB5_CLIENT_KTNAME: `FILE:${keytab}`,
  };
}

let before: Promise<unknown> = Promise.resolve();

/**
 * Runs `work` with the process's environment set for these credentials, which is the only way to tell the library of
 * them: one at a time. Work whose turn comes after its signal is not begun, and rejects with the signal's reason.
 */
export function withCredentials<T>(credentials: Credentials, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const turn = before.then(() => {
    signal.throwIfAborted();
    setVariables(variablesOf(credentials));
    return work();
  });
  before = turn.catch(() => undefined); // told to whoever asked
  return turn;
}

/** Other threads read the environment: it is left alone where it is as it should be. */
function setVariables(variables: Variables): void {
  for (const [name, value] of Object.entries(variables)) {
    if (process.env[name] === value) continue;
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}
