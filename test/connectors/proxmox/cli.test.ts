import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parts } from '../../../pipeline/cli/composition.ts';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { selfSigned } from '../../fakes/certificate.ts';
import { FakeProxmox, TOKEN, USER } from '../../fakes/proxmox/fake-proxmox.ts';
import { sampleWorld } from '../../fakes/proxmox/sample-world.ts';
import { runWith } from '../../pipeline/cli/test-parts.ts';

let directory = '';
let caFile = '';
let fake: FakeProxmox;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'proxmox-cli-'));
  const tls = selfSigned(directory);
  caFile = tls.caFile;
  const world = sampleWorld({ now: systemClock.now, startedAt: systemClock.now() - 600e6 });
  fake = await FakeProxmox.start({ world, tls });
});
afterAll(async () => {
  await fake.close();
  rmSync(directory, { recursive: true });
});

describe('hypermeter poll', () => {
  it.each([
    ['a token', TOKEN.tokenId, TOKEN.tokenSecret],
    ['a user', USER.username, USER.password],
  ])('with %s', async (_, who, secret) => {
    const address = `proxmox://${encodeURIComponent(who)}:${encodeURIComponent(secret)}@127.0.0.1:${fake.port()}?caFile=${caFile}`;
    const { code, stdout, stderr } = await runWith(parts, ['poll', address, '-o', 'json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const guests = lines.filter(({ scope }) => scope === 'instance');
    expect(guests.map(({ name }) => name).sort()).toEqual(['guest-100', 'guest-101', 'guest-102', 'guest-103']);
    for (const guest of guests)
      expect(guest).toMatchObject({
        kind: 'proxmox',
        state: 'RUNNING',
        nics: [{ id: 'total', rxBytes: expect.any(Number) }],
      });
  });

  it('says what is wrong, without the secret', async () => {
    const address = `proxmox://${encodeURIComponent(TOKEN.tokenId)}:hush@127.0.0.1:${fake.port()}?caFile=${caFile}`;
    const { code, stderr } = await runWith(parts, ['poll', address]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/HTTP 401: check that the token metering@pve!hypermeter exists/);
    expect(stderr).not.toMatch(/hush/);
  });
});
