import { readFileSync } from 'node:fs';
import type { Subscription } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Instance } from '../../avro/snapshot.ts';
import type { Poll } from '../../connectors/connector.ts';
import { libvirt } from '../../connectors/libvirt/libvirt.ts';
import { pollEndpoint } from '../../connectors/polling.ts';
import { systemClock } from '../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { available } from '../services/service.ts';
import { type Guest, LIBVIRT, startBurner } from './guest.ts';

const INTERVAL_MS = 5000;
const STUCK_POLLS = 5;
let guests: readonly Guest[] = [];
let pid = 0;
let polling: Subscription | undefined;

describe.skipIf(!(await available('libvirt')))('a guest whose QEMU stands still [libvirt]', () => {
  beforeEach(() => {
    guests = [
      startBurner('hm-stuck-1', '5c1d0a4e-0000-4000-8000-0000000b0001'),
      startBurner('hm-stuck-2', '5c1d0a4e-0000-4000-8000-0000000b0002'),
    ];
    pid = Number(readFileSync('/run/libvirt/qemu/hm-stuck-1.pid', 'utf8'));
  });
  afterEach(() => {
    polling?.unsubscribe();
    process.kill(pid, 'SIGCONT');
    for (const guest of guests) guest.remove();
  });

  it('costs its neighbours no poll, and comes back by itself', { timeout: 120_000 }, async ({ annotate }) => {
    const polls: Poll[] = [];
    const events: InternalEvent[] = [];
    const cadence = { intervalMs: INTERVAL_MS, early: false };
    const context = {
      clock: systemClock,
      report: (event: InternalEvent) => void events.push(event),
      pace: { ...cadence, ready: () => true },
    };
    const config = libvirt.schema.parse({ name: 'kvm1', type: 'libvirt', uri: LIBVIRT });
    const endpoint = libvirt.create(config, context);
    if (!('connect' in endpoint)) throw new Error('libvirt is polled');
    polling = pollEndpoint(endpoint, cadence, context).snapshots.subscribe((poll) => void polls.push(poll));
    const more = (count: number) => {
      const target = polls.length + count;
      return vi.waitFor(() => expect(polls.length).toBeGreaterThanOrEqual(target), { timeout: 60_000, interval: 20 });
    };
    const seen = ({ instances }: Poll, name: string): Instance | undefined =>
      instances.find(({ identity }) => identity?.instanceName === name);

    await more(3);
    process.kill(pid, 'SIGSTOP');
    const stopped = polls.length;
    await more(STUCK_POLLS);
    process.kill(pid, 'SIGCONT');
    const resumed = polls.length;
    await more(4);

    // Nothing is missing: every due time has its poll, and every poll all guests.
    expect(events.filter(({ event }) => ['poll.failed', 'poll.skipped', 'endpoint.lost'].includes(event))).toEqual([]);
    const first = polls[0] as Poll;
    expect(polls.map(({ scheduledAt }) => scheduledAt)).toEqual(
      polls.map((_, index) => first.scheduledAt + index * INTERVAL_MS * 1000),
    );
    const neighbour = polls.map((poll) => seen(poll, 'hm-stuck-2')?.rows[0]);
    expect(neighbour.every((row) => typeof row?.cpuTime === 'bigint')).toBe(true);
    // A call that is made again may meet the one before it at work on the neighbour, and leaves its disks to the next.
    const whole = neighbour.filter((row) => row?.disks[0]?.readBytes !== null).length;
    expect(whole).toBeGreaterThanOrEqual(neighbour.length - 2);
    expect((neighbour.at(-1)?.cpuTime ?? 0n) > (neighbour[stopped]?.cpuTime ?? 0n)).toBe(true);
    // Of the stuck one itself what needs no QEMU is known all the time, the rest again afterwards.
    const stuck = polls.map((poll) => seen(poll, 'hm-stuck-1')?.rows[0]);
    expect(stuck.every((row) => typeof row?.cpuTime === 'bigint')).toBe(true);
    expect(stuck.slice(stopped + 1, resumed).every((row) => row?.disks[0]?.readBytes === null)).toBe(true);
    expect(stuck.at(-1)?.disks[0]?.readBytes).not.toBeNull();
    const longest = Math.max(...polls.map(({ startedAt, endedAt }) => endedAt - startedAt)) / 1000;
    await annotate(
      `${polls.length} polls ${INTERVAL_MS} ms apart, none missed; the longest took ${Math.round(longest)} ms`,
    );
  });
});
