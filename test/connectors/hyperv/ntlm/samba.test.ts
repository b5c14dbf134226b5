import { afterEach, describe, expect, it } from 'vitest';
import { authenticate, chanceAt, negotiateMessage, ntlmUser } from '../../../../connectors/hyperv/ntlm/ntlm.ts';
import { hasSamba, type SambaServer, sambaServer } from './samba.ts';

let server: SambaServer | undefined;
afterEach(() => server?.close());

describe.skipIf(!hasSamba)('Samba judges', () => {
  async function login(username: string, password: string) {
    server = await sambaServer('geheim-€');
    const negotiate = negotiateMessage();
    const challenge = await server.challenge(negotiate);
    const done = authenticate(negotiate, challenge, ntlmUser(username, password), chanceAt(Date.now() * 1000));
    return { verdict: await server.judge(done.message), done };
  }

  it.each(['LAB\\meter', 'meter', 'meter@lab.example.org', 'LAB\\jürgen'])(
    '%s with the password is who he says',
    async (name) => {
      const { verdict, done } = await login(name, 'geheim-€');
      expect(verdict).toMatch(/^AF /);
      expect(await server?.sessionKey()).toEqual(done.sessionKey);
    },
  );

  it('a wrong password is not', async () => {
    expect((await login('LAB\\meter', 'geheim')).verdict).toMatch(/^NA /);
  });
});
