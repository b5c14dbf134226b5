import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Endpoint, Poll, Session } from '../../connectors/connector.ts';
import { pollEndpoint } from '../../connectors/polling.ts';
import { vsphere } from '../../connectors/vsphere/vsphere.ts';
import { systemClock } from '../../pipeline/runtime/clock.ts';
import { parseSettings } from '../../pipeline/runtime/config/load.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { available } from '../services/service.ts';
import { startVcsim, type Vcsim } from '../services/vcsim.ts';
import { ready, startProgram } from './child.ts';

/** As test/services/start-vcsim.sh leaves it: 300 VMs on 4 hosts. */
const ADDRESS = 'vsphere://u:p@127.0.0.1:18989';
const MAKE_CA = fileURLToPath(new URL('../services/make-ca.sh', import.meta.url));
const signal = AbortSignal.timeout(240_000);

async function started(...args: Parameters<typeof startVcsim>): Promise<Vcsim> {
  const vcsim = await startVcsim(...args);
  onTestFinished(() => vcsim.kill());
  return vcsim;
}

function endpoint(address: string, events: InternalEvent[] = [], words: object = {}): Endpoint {
  const config = { ...parseSettings(vsphere.schema, vsphere.fromUri?.(new URL(address)) ?? {}), ...words };
  const context = { clock: systemClock, report: (event: InternalEvent) => void events.push(event) };
  const created = vsphere.create(config, context);
  if (!('connect' in created)) throw new Error('vsphere is polled');
  return created;
}

async function connect(to: Endpoint): Promise<Session> {
  const session = await to.connect(signal);
  onTestFinished(() => session.close());
  return session;
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'hypermeter-vcsim-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

describe.skipIf(!(await available('vcsim')))('a simulated vCenter of its own [vcsim]', () => {
  it('300 VMs are three calls, poll after poll, and every time goes on where it ended', async () => {
    const session = await connect(endpoint(`${ADDRESS}?verify=false`));
    let last = new Map<string, number>();
    for (let poll = 0; poll < 4; poll++) {
      const seen = await session.poll(signal);
      expect(seen.calls).toBe(3);
      const newest = new Map(last);
      for (const { uuid, rows } of seen.instances) {
        const key = uuid.toString('hex');
        for (const { observedAt } of rows) {
          expect(observedAt).toBeGreaterThan(newest.get(key) ?? 0);
          newest.set(key, observedAt);
        }
      }
      last = newest;
      expect(newest.size).toBeGreaterThanOrEqual(300);
    }
  });

  it.each<[string, string[], string]>([
    ['an ESX', ['-esx'], 'vcsim'],
    ['an older vCenter', ['-vm', '5', '-cluster', '1', '-standalone-host', '0'], 'vcsim-0.38'],
    ['an older ESX', ['-esx'], 'vcsim-0.38'],
  ])('%s is read as well', async (_, words, binary) => {
    const events: InternalEvent[] = [];
    const vcsim = await started(words, 0, binary);
    const session = await connect(endpoint(`${vcsim.uri}?verify=false`, events, { backfill: 60_000_000 }));
    const seen = await session.poll(signal);
    expect(seen).toMatchObject({ partial: null, calls: 2 });
    expect(seen.instances.length).toBeGreaterThanOrEqual(2);
    for (const { rows, state } of [...seen.instances, ...seen.hosts]) {
      expect([state, rows.length]).toEqual(['RUNNING', 4]);
      expect(rows.at(-1)?.memoryUsage).toBeGreaterThan(0n);
    }
    expect(events.filter(({ event }) => event === 'part.failed' || event === 'reading.dropped')).toEqual([]);
  });

  it('is known by the CA of its certificate, or by its thumbprint, and by no other', async () => {
    const tls = folder();
    execFileSync(MAKE_CA, [tls]);
    const vcsim = await started(['-vm', '2', '-tlscert', join(tls, 'server.crt'), '-tlskey', join(tls, 'server.key')]);
    const show = execFileSync('openssl', ['x509', '-noout', '-fingerprint', '-sha256', '-in', join(tls, 'server.crt')]);
    const thumbprint = /=([0-9A-F:]+)/.exec(String(show))?.[1] ?? '';
    for (const words of [`caFile=${tls}/ca.crt`, `thumbprint=${thumbprint}`]) {
      const session = await connect(endpoint(`${vcsim.uri}?${words}`));
      expect((await session.poll(signal)).instances.length).toBeGreaterThan(0);
    }
    const wrong = thumbprint.replace(/^../, (byte) => (byte === '00' ? '01' : '00'));
    await expect(endpoint(`${vcsim.uri}?thumbprint=${wrong}`).connect(signal)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining(thumbprint),
    });
    await expect(endpoint(vcsim.uri).connect(signal)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('tls.caFile'),
    });
  });

  it('that is killed and started again is polled again by itself', { timeout: 90_000 }, async () => {
    const words = ['-vm', '10', '-cluster', '1', '-standalone-host', '0'];
    const first = await started(words);
    const events: InternalEvent[] = [];
    const polls: Poll[] = [];
    const context = { clock: systemClock, report: (event: InternalEvent) => void events.push(event) };
    const connector = pollEndpoint(endpoint(`${first.uri}?verify=false`, events), { intervalMs: 500 }, context);
    const polling = connector.snapshots.subscribe((poll) => polls.push(poll));
    onTestFinished(() => polling.unsubscribe());
    const named = (name: string): InternalEvent[] => events.filter(({ event }) => event === name);
    await expect.poll(() => polls.length, { timeout: 20_000 }).toBeGreaterThan(2);
    await first.kill();
    await expect.poll(() => named('endpoint.lost').length, { timeout: 30_000 }).toBeGreaterThan(1);
    const before = polls.length;
    await started(words, first.port);
    await expect.poll(() => polls.length, { timeout: 40_000 }).toBeGreaterThan(before + 2);
    expect(polls.at(-1)).toMatchObject({ partial: null });
    expect(polls.at(-1)?.instances).toHaveLength(10);
    expect(named('endpoint.connected')).toHaveLength(2);
    expect(named('poll.failed').length).toBeGreaterThan(0);
    const sequences = polls.map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.map((_, n) => n));
  });

  it('is polled by the command line, and what is wrong is said in a sentence', async () => {
    const poll = startProgram(['poll', `${ADDRESS}?verify=false`, '-o', 'json']);
    expect(await poll.exit).toEqual({ code: 0, signal: null });
    const lines = poll.stdout().trimEnd().split('\n');
    expect(lines.length).toBeGreaterThanOrEqual(300);
    const wrong = startProgram(['poll', `${ADDRESS.replace(':p@', ':secret-word@')}?verify=false`]);
    expect((await wrong.exit).code).toBe(69);
    expect(wrong.stderr()).toMatch(/InvalidLogin.*check username and password/);
    expect(wrong.stdout() + wrong.stderr()).not.toMatch(/secret-word|\n\s+at /);
  });

  it('is metered by the program, hosts and all', { timeout: 120_000 }, async () => {
    const path = join(folder(), 'hypermeter.yaml');
    const password = join(folder(), 'password');
    writeFileSync(password, 'p\n', { mode: 0o600 });
    const words = {
      name: 'vc1',
      type: 'vsphere',
      url: 'https://127.0.0.1:18989/sdk',
      username: 'u',
      tls: { verify: false },
    };
    writeFileSync(
      path,
      JSON.stringify({
        service: { id: 'vcsim' },
        kafka: { brokers: 'embedded' },
        collector: { interval: '10s', linger: '20ms' },
        connectors: [{ ...words, passwordFile: password, backfill: '10m' }],
        pipeline: { windows: [{ size: '60s' }], reorder: '1s' },
        meters: ['cpu.delta', 'compute.node.cpu.percent', 'network.incoming.bytes.delta'],
        sinks: [{ type: 'stdout' }],
        ops: { listen: '127.0.0.1:0' },
      }),
    );
    const check = startProgram(['check', '-c', path]);
    expect(await check.exit).toEqual({ code: 0, signal: null });
    expect(check.stdout()).toMatch(/^✓ vsphere vc1: 4 hosts, 30\d instances, .* 3 calls for the first poll/m);
    const child = startProgram(['run', '-c', path]);
    await ready(child);
    for (const name of ['cpu.delta', 'compute.node.cpu.percent', 'network.incoming.bytes.delta'])
      await expect.poll(() => child.stdout(), { timeout: 60_000, interval: 500 }).toContain(`"${name}"`);
    child.kill('SIGTERM');
    expect(await child.exit).toEqual({ code: 0, signal: null });
  });
});
