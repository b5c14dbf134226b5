import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Accepted } from '../../../connectors/vsphere/accepted.ts';
import { Afterglow } from '../../../connectors/vsphere/afterglow.ts';
import { readUpdates } from '../../../connectors/vsphere/answers.ts';
import { HOST_COUNTERS, resolveCounters, VM_COUNTERS } from '../../../connectors/vsphere/counters.ts';
import type { EntitySamples } from '../../../connectors/vsphere/perf-answer.ts';
import { readPerf } from '../../../connectors/vsphere/perf-answer.ts';
import { Poller } from '../../../connectors/vsphere/poller.ts';
import {
  changeHost,
  changeVm,
  type EsxHost,
  UNKNOWN_HOST,
  UNKNOWN_VM,
  type Vm,
} from '../../../connectors/vsphere/properties.ts';
import { Turns } from '../../../connectors/vsphere/turns.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { plainWithoutNulls } from '../golden.ts';
import { handClock } from '../hand-clock.ts';
import { read } from './xml.ts';

const FOLDER = new URL('./golden/', import.meta.url);

/** Keys as the vCenter 6.5 of the reference has them. */
const TABLE = new Map([
  ['cpu.usage.average', 2],
  ['cpu.used.summation', 14],
  ['cpu.ready.summation', 12],
  ['mem.consumed.average', 98],
  ['mem.swapinRate.average', 85],
  ['mem.swapoutRate.average', 86],
  ['net.bytesRx.average', 462],
  ['net.bytesTx.average', 463],
  ['net.packetsRx.summation', 146],
  ['net.packetsTx.summation', 147],
  ['net.droppedRx.summation', 460],
  ['net.droppedTx.summation', 461],
  ['net.errorsRx.summation', 468],
  ['net.errorsTx.summation', 469],
  ['virtualDisk.read.average', 173],
  ['virtualDisk.write.average', 174],
  ['virtualDisk.numberReadAveraged.average', 171],
  ['virtualDisk.numberWriteAveraged.average', 172],
]);

/** 2026-03-08 10:01:25 UTC */
const NOW = 1_772_964_085_000_000;

async function pollOf(updates: string, perf: string): Promise<unknown> {
  const vms = new Map<string, Vm>();
  const hosts = new Map<string, EsxHost>();
  for (const { object, changes } of (await read('WaitForUpdatesEx', updates, readUpdates())).updates) {
    if (object.type === 'VirtualMachine')
      vms.set(
        object.id,
        changes.reduce((vm, { name, value }) => changeVm(vm, name, value), UNKNOWN_VM),
      );
    else
      hosts.set(
        object.id,
        changes.reduce((host, { name, value }) => changeHost(host, name, value), UNKNOWN_HOST),
      );
  }
  const samples: EntitySamples[] = [];
  await read(
    'QueryPerf',
    perf,
    readPerf(
      (one) => samples.push(one),
      1000,
      () => false,
    ),
  );
  const events: InternalEvent[] = [];
  const poller = new Poller({
    endpoint: 'vc1',
    clock: handClock(NOW),
    report: (event) => events.push(event),
    catalogues: {
      vm: resolveCounters(VM_COUNTERS, [], TABLE),
      host: resolveCounters(HOST_COUNTERS, [], TABLE),
      absent: [],
    },
    inventory: { vms, hosts, complete: true },
    accepted: new Accepted(),
    afterglow: new Afterglow(),
    turns: new Turns(),
    backfillUs: 3_600_000_000,
    hosts: true,
  });
  const reader: Parameters<typeof poller.poll>[0] = {
    read: async (asked, askedHosts, _, take) => {
      for (const target of [...asked, ...askedHosts])
        for (const one of samples) if (one.entity === target.entity.id) take(one, target);
      return { answered: new Set(), postponed: 0 };
    },
  };
  const unlimited = () => ({ ms: 1000, signal: new AbortController().signal });
  const budget = { hasTime: () => true, limit: unlimited, rest: unlimited, ended: () => undefined };
  const { hosts: machines, instances, partial, commit } = await poller.poll(reader, budget, 0);
  commit();
  return plainWithoutNulls({ partial, events, hosts: machines, instances });
}

/** Made-up answers in the shape that vSphere's have. */
describe('made-up answers', () => {
  it.each(readdirSync(FOLDER))('%s', async (name) => {
    const file = (path: string): URL => new URL(`${name}/${path}`, FOLDER);
    const seen = await pollOf(readFileSync(file('updates.xml'), 'utf8'), readFileSync(file('perf.xml'), 'utf8'));
    expect(seen).toEqual(JSON.parse(readFileSync(file('expected.json'), 'utf8')));
  });
});
