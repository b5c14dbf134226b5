import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Subscription } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Instance } from '../../../avro/snapshot.ts';
import type { Poll } from '../../../connectors/connector.ts';
import { libvirt } from '../../../connectors/libvirt/libvirt.ts';
import { nextDue, phaseOf } from '../../../connectors/phase.ts';
import { pollEndpoint } from '../../../connectors/polling.ts';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { available } from '../../services/service.ts';
import { type Guest, LIBVIRT, startBurner } from '../../system/guest.ts';

const INTERVAL_MS = 60_000;
/** A poll for another guest's sake may have been a moment before: the next keeps a tenth of the interval. */
const WITHIN_US = 10_000_000;
const GUEST = 'hm-lifecycle';
const UUID = '6c1fec4c-0000-4000-8000-00000000000a';
const TRANSIENT = 'hm-lifecycle-passing';
const TRANSIENT_UUID = '6c1fec4c-0000-4000-8000-00000000000b';

/** Without holding up what is to hear of it meanwhile. */
const virsh = async (...words: string[]): Promise<string> =>
  (await promisify(execFile)('virsh', ['-q', '-c', LIBVIRT, ...words], { encoding: 'utf8' })).stdout;

let guest: Guest;
let subscriptions: Subscription[] = [];

/** A name whose polls are due no sooner than in 20 s: what is polled before that is polled for a reason. */
function quietName(): string {
  for (let n = 0; ; n++) {
    const name = `kvm-${n}`;
    const now = systemClock.now();
    const due = nextDue(now, INTERVAL_MS * 1000, phaseOf(name, INTERVAL_MS * 1000));
    if (due - now > 20_000_000) return name;
  }
}

/** Polls the daemon every minute, from when it is connected. */
async function follow(early = true) {
  const polls: Poll[] = [];
  const events: InternalEvent[] = [];
  const config = libvirt.schema.parse({ name: quietName(), type: 'libvirt', uri: LIBVIRT });
  const context = { clock: systemClock, report: (event: InternalEvent) => void events.push(event) };
  const endpoint = libvirt.create(config, context);
  if (!('connect' in endpoint)) throw new Error('libvirt is polled');
  const connector = pollEndpoint(endpoint, { intervalMs: INTERVAL_MS, early }, context);
  subscriptions.push(connector.snapshots.subscribe((poll) => polls.push(poll)));
  await vi.waitFor(() => expect(events.map(({ event }) => event)).toContain('endpoint.connected'));
  const reasons = (): string[] => events.flatMap((event) => (event.event === 'poll.early' ? [event.reason] : []));
  /** The first poll that sees the guest so, and how long after now it began, or began before. */
  const sees = async (is: (instance: Instance | undefined) => boolean, uuid = UUID) => {
    const since = systemClock.now();
    const find = ({ instances }: Poll) =>
      instances.find((each) => each.uuid.toString('hex') === uuid.replaceAll('-', ''));
    const poll = await vi.waitFor(
      () => {
        const found = polls.find((each) => is(find(each)));
        if (!found) throw new Error(`not seen in ${polls.length} polls`);
        return found;
      },
      { timeout: 15_000, interval: 20 },
    );
    return { poll, instance: find(poll), afterUs: poll.startedAt - since };
  };
  return { polls, reasons, sees };
}

const runs = (instance: Instance | undefined): boolean => instance?.state === 'RUNNING' && instance.rows.length > 0;
const isOff = (instance: Instance | undefined): boolean => instance?.state === 'SHUTOFF' && instance.rows.length === 0;

const there = await available('libvirt');

describe.skipIf(!there)('what happens to guests of a real libvirtd that is polled every minute [libvirt]', () => {
  beforeAll(() => {
    guest = startBurner(GUEST, UUID);
  });
  afterAll(() => guest.remove());
  afterEach(() => {
    for (const subscription of subscriptions) subscription.unsubscribe();
    subscriptions = [];
  });

  it('destroyed, it is seen off at once, and its epoch ends', async () => {
    const { sees, reasons, polls } = await follow();
    await virsh('destroy', GUEST);
    const { afterUs } = await sees(isOff);
    expect(afterUs).toBeLessThan(WITHIN_US);
    // QEMU's own end comes first, if it is heard of before the domain's.
    expect(['stopping', 'stopped']).toContain(reasons()[0]);
    expect(polls.length).toBeLessThanOrEqual(2);
  });

  it('started, it is read at once, before it has counted for two seconds', async () => {
    const { sees, reasons } = await follow();
    await virsh('start', GUEST);
    const { afterUs, instance } = await sees(runs);
    expect(afterUs).toBeLessThan(WITHIN_US);
    expect(instance?.rows[0]?.cpuTime).toBeLessThan(2_500_000_000n);
    expect(reasons()).toEqual(['started']);
  });

  it('a disk that is plugged in is read at once; unplugged, it is listed no more', async () => {
    const image = join('/var/lib/libvirt/images', `${GUEST}-vdb.img`);
    const xml = join(tmpdir(), `${GUEST}-vdb.xml`);
    writeFileSync(image, Buffer.alloc(1 << 20));
    writeFileSync(
      xml,
      `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${image}'/><target dev='sdb' bus='usb'/></disk>`,
    );
    try {
      const plugged = await follow();
      await virsh('attach-device', GUEST, xml, '--live');
      const has = (instance: Instance | undefined): boolean => instance?.disks.some(({ id }) => id === 'sdb') ?? false;
      expect((await plugged.sees(has)).afterUs).toBeLessThan(WITHIN_US);
      const unplugged = await follow();
      await virsh('detach-device', GUEST, xml, '--live');
      const hasNot = (instance: Instance | undefined): boolean => runs(instance) && !has(instance);
      expect((await unplugged.sees(hasNot)).afterUs).toBeLessThan(WITHIN_US);
      expect([...plugged.reasons(), ...unplugged.reasons()]).toEqual(['changed', 'changed']);
    } finally {
      rmSync(image, { force: true });
      rmSync(xml, { force: true });
    }
  });

  it('a transient guest comes, and goes without a trace', async () => {
    const description = join(tmpdir(), `${TRANSIENT}.xml`);
    const inactive = await virsh('dumpxml', '--inactive', GUEST);
    writeFileSync(
      description,
      inactive
        .replace(`<name>${GUEST}</name>`, `<name>${TRANSIENT}</name>`)
        .replace(UUID, TRANSIENT_UUID)
        .replace(/<disk .*?<\/disk>/s, '')
        .replace(/<boot dev='hd'\/>/, ''),
    );
    let isThere = false;
    try {
      const coming = await follow();
      await virsh('create', description);
      isThere = true;
      expect((await coming.sees(runs, TRANSIENT_UUID)).afterUs).toBeLessThan(WITHIN_US);
      const going = await follow();
      await virsh('destroy', TRANSIENT);
      isThere = false;
      const { poll, afterUs } = await going.sees((instance) => instance === undefined, TRANSIENT_UUID);
      expect(afterUs).toBeLessThan(WITHIN_US);
      expect(poll.partial).toBeNull();
    } finally {
      if (isThere) await virsh('destroy', TRANSIENT);
      rmSync(description, { force: true });
    }
  });

  it('a reset, and a pause, are seen at once in the same epoch', async () => {
    const { sees, polls } = await follow();
    await virsh('reset', GUEST);
    const { instance, afterUs } = await sees(runs);
    expect(afterUs).toBeLessThan(WITHIN_US);
    const paused = await follow();
    await virsh('suspend', GUEST);
    try {
      const seen = await paused.sees((each) => each?.state === 'PAUSED');
      expect(seen.afterUs).toBeLessThan(WITHIN_US);
      expect(seen.instance?.epoch?.split('/')[1]).toBe(instance?.epoch?.split('/')[1]);
    } finally {
      await virsh('resume', GUEST);
    }
    // Three reboot events, for what is one reset.
    expect(polls.length).toBeLessThanOrEqual(2);
  });

  it('with events switched off nothing is polled before its time', async () => {
    const { polls } = await follow(false);
    await virsh('destroy', GUEST);
    await virsh('start', GUEST);
    await systemClock.sleep(3000);
    expect(polls).toEqual([]);
  });
});
