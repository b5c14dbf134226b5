import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { available, pythonHome } from '../services/service.ts';
import { selfSigned } from './certificate.ts';
import { type FakeOptions, FakeProxmox, TOKEN, USER } from './proxmox/fake-proxmox.ts';
import { sampleWorld } from './proxmox/sample-world.ts';

const NOON = Date.UTC(2026, 10, 26, 12) * 1000;

let directory = '';
let tls: ReturnType<typeof selfSigned>;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'fake-proxmox-'));
  tls = selfSigned(directory);
});
afterAll(() => rmSync(directory, { recursive: true }));

const open: FakeProxmox[] = [];
afterEach(async () => {
  for (const fake of open.splice(0)) await fake.close();
});

async function start(options: Partial<FakeOptions> = {}) {
  const clock = { now: NOON };
  const world = sampleWorld({ now: () => clock.now, startedAt: NOON - 3600e6 });
  const fake = await FakeProxmox.start({ world, tls, ...options });
  open.push(fake);
  return { fake, world, clock };
}

async function play(fake: FakeProxmox) {
  const script = fileURLToPath(new URL('proxmox/session.py', import.meta.url));
  const who = [TOKEN.tokenId, TOKEN.tokenSecret, USER.username, USER.password];
  const args = [script, '127.0.0.1', String(fake.port()), tls.caFile, ...who];
  const { stdout } = await promisify(execFile)(`${pythonHome}/bin/python`, args);
  return JSON.parse(stdout);
}

describe.skipIf(!(await available('python')))('the fake cluster, judged by proxmoxer [python]', () => {
  it('lets in with a token and with a ticket, lists what it has, and refuses', async () => {
    const { fake, world } = await start();
    const seen = await play(fake);
    expect(seen).toMatchObject({
      release: '9.0',
      cluster: [
        ['cluster', 'lab'],
        ['node', 'pve1'],
        ['node', 'pve2'],
      ],
      types: ['lxc', 'node', 'qemu', 'storage'],
      nodes: ['pve1', 'pve2'],
      permissions: { '/': { 'VM.Audit': 1, 'Sys.Audit': 1 } },
      ticket: [true, true],
      'wrong password': ['authentication', "Couldn't authenticate us"],
    });
    expect(seen['wrong token'][0]).toBe(401);
    expect(seen['no such call'][0]).toBe(501);
    expect(seen['no such type'][0]).toBe(400);
    for (const entry of seen.guests) {
      const sample = world.guest(entry.vmid).told;
      expect(entry).toMatchObject({ status: 'running', uptime: sample?.uptime, cpu: sample?.cpu, ...sample?.counters });
    }
    expect(seen.guests.map(({ vmid }: { vmid: number }) => vmid)).toEqual([100, 101, 102, 103]);
    expect(seen.qemu.map(({ vmid, pid }: { vmid: number; pid: number }) => [vmid, pid])).toEqual(
      [100, 102].map((vmid) => [vmid, world.guest(vmid).life?.pid]),
    );
    expect(seen.lxc).toMatchObject([{ vmid: 103, status: 'running' }]);
    expect(fake.access.logins).toBe(1);
  });

  it('misbehaves as told', async () => {
    const { fake } = await start({
      react: ({ name }) =>
        name === 'GET /version' ? { status: 595, type: 'text/plain', body: 'no route' } : undefined,
    });
    await expect(play(fake)).rejects.toThrow(/595/);
  });
});

describe('the world', () => {
  it('tells the share of the last round, so that shares times rounds are what was used', async () => {
    const { world, clock } = await start();
    const guest = world.guest(100);
    clock.now = NOON - 600e6;
    world.advance();
    let [sum, before] = [0, guest.told];
    const first = before;
    for (; clock.now < NOON; clock.now += 1e6) {
      world.advance();
      if (guest.told === before) continue;
      sum += (guest.told?.cpu ?? 0) * 2 * ((guest.told?.at ?? 0) - (before?.at ?? 0)) * 1e3;
      before = guest.told;
    }
    const truth = world.consumed(100, 'cpu', first?.at ?? 0, before?.at ?? 0);
    expect(truth).toBeGreaterThan(1e11);
    expect(Math.abs(sum - truth)).toBeLessThan(1e7);
  });
});
