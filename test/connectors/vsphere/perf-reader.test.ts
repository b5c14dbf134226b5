import { describe, expect, it } from 'vitest';
import { EndpointError } from '../../../connectors/connector.ts';
import type { Budget } from '../../../connectors/patience.ts';
import type { PerfTarget } from '../../../connectors/vsphere/batches.ts';
import { HttpStatusError } from '../../../connectors/vsphere/client.ts';
import { PerfReader } from '../../../connectors/vsphere/perf-reader.ts';
import { encodeCall } from '../../../connectors/vsphere/protocol.ts';
import { Turns } from '../../../connectors/vsphere/turns.ts';
import { handClock } from '../hand-clock.ts';

const target = (type: 'VirtualMachine' | 'HostSystem', id: string): PerfTarget => ({
  entity: { type, id },
  metrics: [{ counterId: 1, instance: '' }],
  startTime: null,
  maxSample: 3,
  layout: { kind: 'vm', vcpus: null, memory: null, nics: [], disks: [] },
  bootTime: null,
  isBehind: false,
  values: 3,
});
const vms = (count: number): PerfTarget[] =>
  Array.from({ length: count }, (_, n) => target('VirtualMachine', `vm-${n}`));
const late = new EndpointError('timeout', 'vc1', 'no answer to QueryPerf');
const unavailable = new HttpStatusError('vc1', 'https://vc1', 503);

/** A reader whose calls are kept as the entities that they were for; `react` gives what a call fails with. */
function bench(entities: number, react: (asked: readonly string[]) => Error | undefined) {
  const clock = handClock(0);
  const calls: (readonly string[])[] = [];
  const told: string[] = [];
  const reader = new PerfReader({
    endpoint: 'vc1',
    clock,
    perfManager: { type: 'PerformanceManager', id: 'PerfMgr' },
    batch: { entities, metrics: 5000 },
    concurrency: 1,
    turns: new Turns(),
    onFailure: (ids, reason) => told.push(`${ids.join()} ${reason}`),
    client: {
      call: async (call, answer) => {
        const asked = [
          ...encodeCall(call)
            .toString()
            .matchAll(/<entity type="\w+">(.*?)</g),
        ].map(([, id]) => `${id}`);
        calls.push(asked);
        const error = react(asked);
        if (error) throw error;
        return answer().finish();
      },
    },
  });
  /** A poll that has time for so many calls: how many entities each asked for. */
  const read = async (targets: readonly PerfTarget[], most = 1000, hosts: readonly PerfTarget[] = []) => {
    calls.length = 0;
    const limit = () => ({ ms: 1000, signal: new AbortController().signal });
    const budget: Budget = { hasTime: () => calls.length < most, limit, rest: limit, ended: () => undefined };
    const seen = await reader.read(targets, hosts, budget, () => undefined);
    return { ...seen, sizes: calls.map(({ length }) => length) };
  };
  return { clock, calls, told, read };
}

describe('how much is asked for at once', () => {
  it('is half after one failure, whoever that was for', async () => {
    let failures = 1;
    const { read } = bench(250, ({ length }) => (length === 2 && failures-- > 0 ? unavailable : undefined));
    expect((await read(vms(252))).sizes).toEqual([250, 2, 1, 1]);
    expect((await read(vms(252))).sizes).toEqual([125, 125, 2]);
  });

  it('is half after a poll without an answer, however little that asked for', async () => {
    let isAway = true;
    const { read } = bench(16, () => (isAway ? unavailable : undefined));
    await expect(read(vms(16))).rejects.toBe(unavailable);
    isAway = false;
    expect((await read(vms(16))).sizes).toEqual([8, 8]);
  });

  it('grows again though no poll has time for all', async () => {
    let most = 1;
    const { read } = bench(16, ({ length }) => (length > most ? late : undefined));
    for (let polls = 0; polls < 4; polls++) await read(vms(64), 12);
    most = 16;
    const sizes: number[][] = [];
    for (let polls = 0; polls < 25; polls++) sizes.push((await read(vms(64), 2)).sizes);
    expect(sizes[0]).toEqual([1, 1]);
    expect(sizes.at(-1)).toEqual([16, 16]);
  });
});

describe('a VM that is too slow alone', () => {
  it('is told, left out for a minute, and then asked alone until it answers', async () => {
    let isSlow = true;
    const { clock, calls, told, read } = bench(4, (asked) => (isSlow && asked.includes('vm-1') ? late : undefined));
    await read(vms(4));
    expect(told).toEqual(['vm-1 timeout']);
    await read(vms(4));
    expect(calls.flat()).not.toContain('vm-1');
    await clock.advance(60_000);
    await read(vms(4));
    expect(calls.at(-1)).toEqual(['vm-1']);
    expect(told).toHaveLength(2);
    isSlow = false;
    await clock.advance(60_000);
    await read(vms(4));
    expect(calls.at(-1)).toEqual(['vm-1']);
    await read(vms(4));
    expect(calls.flat()).toContain('vm-1');
    expect(told).toHaveLength(2);
  });

  it('does not keep the others from being asked for in few calls', async () => {
    const { clock, read } = bench(16, (asked) => (asked.includes('vm-1') ? late : undefined));
    for (let polls = 0; polls < 30; polls++) {
      await read(vms(64));
      await clock.advance(20_000);
    }
    expect((await read(vms(64))).sizes.slice(0, 3)).toEqual([16, 16, 16]);
  });
});

describe('what there is no time for', () => {
  it('is counted, and comes first in the next poll, hosts as well', async () => {
    const { calls, read } = bench(2, () => undefined);
    const hosts = [target('HostSystem', 'host-1')];
    const seen: string[] = [];
    for (let polls = 0; polls < 3; polls++) {
      expect((await read(vms(6), 1, hosts)).postponed).toBeGreaterThan(3);
      seen.push(...calls.flat());
    }
    expect(new Set(seen).size).toBe(7);
  });
});
