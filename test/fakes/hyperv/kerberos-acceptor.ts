import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What a ticket proves, and the token that proves the service's side in return. */
export interface Accepted {
  /** The principal: `meter@EXAMPLE.ORG`. */
  readonly user: string;
  readonly token: Buffer;
}

/** The service's side of Kerberos: MIT's library, in a Python process (acceptor.py). */
export class KerberosAcceptor {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #before: Promise<unknown> = Promise.resolve();

  /** `env` has KRB5_CONFIG, and KRB5_KTNAME, the keys of the service. */
  constructor(python: string, env: Readonly<Record<string, string>>) {
    const script = fileURLToPath(new URL('acceptor.py', import.meta.url));
    this.#child = spawn(python, [script], { env: { ...process.env, ...env } });
    this.#child.stderr.pipe(process.stderr);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** One login, one at a time. Rejects if the ticket is not taken. */
  accept(token: Buffer): Promise<Accepted> {
    const turn = this.#before.then(async () => {
      this.#child.stdin.write(`${JSON.stringify({ token: token.toString('base64') })}\n`);
      const { value, done } = await this.#lines.next();
      if (done) throw new Error('the acceptor has ended');
      const told = JSON.parse(value);
      if (told.error !== undefined) throw new Error(told.error);
      return { user: told.user, token: Buffer.from(told.token, 'base64') };
    });
    this.#before = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin.end();
    await gone;
  }
}
