import { spawn } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ConnectorContext, Endpoint } from '../../connectors/connector.ts';
import { libvirt } from '../../connectors/libvirt/libvirt.ts';
import { pollEndpoint } from '../../connectors/polling.ts';
import { proxmox } from '../../connectors/proxmox/proxmox.ts';
import { vsphere } from '../../connectors/vsphere/vsphere.ts';
import { systemClock } from '../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';

/** Listens, accepts nobody, and says where. */
const DEAF = `
import socket, sys, time
s = socket.socket()
s.bind(('127.0.0.1', 0))
s.listen(0)
print(s.getsockname()[1], flush=True)
time.sleep(600)`;

/** A port at which a SYN gets no answer: its queue is full and nobody takes anything out of it. */
async function deafPort(): Promise<number> {
  const child = spawn('python3', ['-c', DEAF], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const port = await new Promise<number>((resolve) => child.stdout.once('data', (text) => resolve(Number(text))));
  const fillers: Socket[] = [];
  onTestFinished(() => {
    for (const socket of fillers) socket.destroy();
  });
  // The system takes one or two more than it is told to.
  for (;;) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    fillers.push(socket);
    const isTaken = await Promise.race([
      new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true))),
      systemClock.sleep(300).then(() => false),
    ]);
    if (!isTaken) return port;
  }
}

const sockets = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      // It was the one of this very listing.
      return false;
    }
  }).length;

const single = (made: unknown): Endpoint => [made].flat()[0] as Endpoint;
const login = { username: 'u', password: 'p' };
/** XenAPI is not among them: a login is not cut short, lest it leave a session behind; it ends by itself after 10 s. */
const KINDS: readonly (readonly [string, (port: number, context: ConnectorContext) => Endpoint])[] = [
  [
    'libvirt',
    (port, context) =>
      single(
        libvirt.create(
          libvirt.schema.parse({ name: 'dead', type: 'libvirt', uri: `qemu+tcp://127.0.0.1:${port}/system` }),
          context,
        ),
      ),
  ],
  [
    'vsphere',
    (port, context) =>
      single(
        vsphere.create(
          vsphere.schema.parse({ name: 'dead', type: 'vsphere', url: `https://127.0.0.1:${port}`, ...login }),
          context,
        ),
      ),
  ],
  [
    'proxmox',
    (port, context) =>
      single(
        proxmox.create(
          proxmox.schema.parse({
            name: 'dead',
            type: 'proxmox',
            url: `https://127.0.0.1:${port}`,
            tokenId: 'u@pam!t',
            tokenSecret: '00000000-0000-0000-0000-000000000000',
          }),
          context,
        ),
      ),
  ],
];

test.each(KINDS)('a host that answers nothing costs %s one socket at a time', async (_, create) => {
  const port = await deafPort();
  const events: InternalEvent[] = [];
  // The pauses between the attempts are not what is looked at.
  const clock = {
    ...systemClock,
    sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms >= 500 ? 20 : ms, signal),
  };
  const context = { clock, report: (event: InternalEvent) => void events.push(event) };
  const before = sockets();
  let most = 0;
  const polling = pollEndpoint(create(port, context), { intervalMs: 1000, connectTimeoutMs: 200 }, context);
  const subscription = polling.snapshots.subscribe();
  await vi.waitFor(
    () => {
      most = Math.max(most, sockets() - before);
      expect(events.filter(({ event }) => event === 'endpoint.lost').length).toBeGreaterThanOrEqual(8);
    },
    { timeout: 30_000, interval: 10 },
  );
  subscription.unsubscribe();
  expect(most).toBeLessThanOrEqual(2);
  await vi.waitFor(() => expect(sockets()).toBeLessThanOrEqual(before));
  expect(events.filter(({ event }) => event === 'endpoint.lost')[0]).toMatchObject({ error: { code: 'timeout' } });
});
