import { describe, expect, test } from 'vitest';
import { encodeSnapshot } from '../../../avro/codec.ts';
import { EMPTY_DISK_ROW, EMPTY_IDENTITY, EMPTY_NIC_ROW, type Instance, type Row } from '../../../avro/snapshot.ts';
import { isClean } from '../../../pipeline/audit/audit.ts';
import type { HostShare } from '../../../pipeline/audit/host-shares.ts';
import type { RawMessage } from '../../../pipeline/audit/replay.ts';
import { verdictJson, verdictLines } from '../../../pipeline/cli/audit-report.ts';
import { METERS } from '../../../pipeline/model/meters.ts';
import { pollOf, rulesOf, SECOND, vm } from '../model/polls.ts';
import { auditOf, fileOf, publishedFrom } from './recorded.ts';

const START = 1_700_000_040;
const GIB = 1n << 30n;
const rules = rulesOf({}, { reorder: 10 * SECOND });
const identity = { ...EMPTY_IDENTITY, host: 'kvm1' };
const on = (host: string) => ({ identity: { ...EMPTY_IDENTITY, host } });
const NIC = [{ id: 'n', epoch: null }];

/** Ten minutes of polls; what each is of at so many seconds. */
const logOf = (at: (t: number) => { readonly hosts: readonly Instance[]; readonly vms: readonly Instance[] }) =>
  Array.from({ length: 61 }, (_, n): RawMessage => {
    const t = START + 10 * n;
    const { hosts, vms } = at(10 * n);
    const snapshot = { ...pollOf(t, vms), hosts };
    return { partition: 0, offset: n, timestampUs: snapshot.poll.endedAt, value: encodeSnapshot(snapshot) };
  });

/** An instance of a number at so many seconds. */
const one = (number: number, t: number, row: Partial<Row>, over: Partial<Instance> = {}): Instance =>
  vm(START + t, row, { uuid: Buffer.alloc(16, number), epoch: `e${number}`, identity, ...over });
const count = { extras: [{ name: 'compute.node.instances', device: null, counter: false, value: 1n }] };
const ns = (seconds: number): bigint => BigInt(Math.round(seconds * 1e9));

async function auditedOf(log: readonly RawMessage[]) {
  return auditOf(log, [fileOf(publishedFrom(log, rules))], rules);
}
const byWhat = (hosts: readonly HostShare[]) => Object.fromEntries(hosts.map((share) => [share.what, share]));

describe('what VMs took of their host', () => {
  test('is the part that they are of it', async () => {
    const verdict = await auditedOf(
      logOf((t) => ({
        hosts: [one(9, t, { cpuTime: ns(2 * t), vcpus: 4n, memory: 16n * GIB, memoryUsage: 8n * GIB })],
        vms: [1, 2].map((n) =>
          one(n, t, { cpuTime: ns(t / 2), vcpus: 1n, memory: 8n * GIB, memoryResident: 2n * GIB }),
        ),
      })),
    );
    expect(isClean(verdict)).toBe(true);
    const { 'cpu time': cpu, memory } = byWhat(verdict.hosts);
    expect(verdict.hosts).toHaveLength(2);
    expect(cpu).toMatchObject({ host: 'kvm1', size: 60 * SECOND, isTooMuch: false, above: 0 });
    expect(cpu?.windows).toBeGreaterThan(5);
    expect(cpu?.ratio).toBeCloseTo(0.5, 6);
    expect(cpu?.ofHost).toBeCloseTo((cpu?.windows ?? 0) * 120e9, -3);
    expect(memory).toMatchObject({ ratio: 0.25, ofVms: Number(4n * GIB), ofHost: Number(16n * GIB) });
  });

  test('is too much where it is more than the host has: given memory, where nobody tells what is taken', async () => {
    const verdict = await auditedOf(
      logOf((t) => ({
        hosts: [one(9, t, { cpuTime: ns(t), vcpus: 4n, memory: 4n * GIB })],
        vms: [1, 2].map((n) => one(n, t, { cpuTime: ns(t * 0.6), vcpus: 1n, memory: 3n * GIB })),
      })),
    );
    const { 'cpu time': cpu, memory } = byWhat(verdict.hosts);
    expect(cpu).toMatchObject({ isTooMuch: true, above: cpu?.windows });
    expect(memory).toMatchObject({ isTooMuch: true, ratio: 1.5 });
    expect(isClean(verdict)).toBe(true);
    expect(verdictLines(verdict).join('\n')).toMatch(/kvm1 +cpu time .* 120\.0 % !/);
    expect(verdictLines(verdict).at(-1)).toMatch(/^TOO MUCH: 2 sums above the host/);
    expect(verdictJson(verdict)).toMatchObject({
      hosts: [
        { host: 'kvm1', of: 'cpu time', window: '60s', too_much: true },
        { of: 'memory', ratio: 1.5 },
      ],
    });
  });

  test('is no fault where it need not pass the host: disks and nics', async () => {
    const row = (t: number, times: bigint): Partial<Row> => ({
      nics: [{ ...EMPTY_NIC_ROW, rxBytes: BigInt(t) * times, txBytes: BigInt(t) }],
      disks: [{ ...EMPTY_DISK_ROW, readBytes: BigInt(t) * times, writeBytes: BigInt(t) }],
    });
    const devices = { nics: NIC, disks: NIC };
    const verdict = await auditedOf(
      logOf((t) => ({ hosts: [one(9, t, row(t, 1n), devices)], vms: [one(1, t, row(t, 3n), devices)] })),
    );
    const shares = byWhat(verdict.hosts);
    expect(Object.keys(shares)).toEqual(['disk read', 'disk write', 'network incoming', 'network outgoing']);
    expect(shares['network incoming']).toMatchObject({ isTooMuch: false });
    expect(shares['network incoming']?.ratio).toBeCloseTo(3, 6);
    expect(shares['network outgoing']?.ratio).toBeCloseTo(1, 6);
    expect(verdictLines(verdict).at(-1)).toContain('no sum is above');
  });

  test('stands in 80 columns with all else that an audit tells, and meters are told apart', async () => {
    const verdict = await auditedOf(
      logOf((t) => ({
        hosts: [one(9, t, { cpuTime: ns(t), vcpus: 4n, memory: 4n * GIB })],
        vms: [one(1, t, { cpuTime: ns(t * 2), vcpus: 1n, memory: 8n * GIB })],
      })),
    );
    const amounts = { movement: 10n ** 15n, published: 10n ** 15n, residual: 0n };
    const balances = METERS.filter(({ name }) => name.startsWith('network.') && name.endsWith('.delta')).map(
      (meter) => ({ meter, size: 60 * SECOND, series: 50, carried: 0n, ...amounts }),
    );
    const imbalances = balances.map((each) => ({
      ...each,
      instance: '00000000000000000000000000000007',
      device: 'tap0',
      windowEnd: START * SECOND,
    }));
    const lines = verdictLines({ ...verdict, balances, imbalances }, 80);
    const tables = lines.slice(lines.indexOf('') + 1);
    expect(Math.max(...tables.map((line) => line.length))).toBeLessThanOrEqual(80);
    const named = tables.flatMap((line) => /network\S+/.exec(line) ?? []);
    expect(new Set(named.slice(0, balances.length)).size).toBe(balances.length);
    expect(new Set(named.slice(balances.length)).size).toBe(balances.length);
  });

  test('follows a VM from host to host, and tells nothing of a host that tells nothing', async () => {
    const cpu = (t: number, share: number): Partial<Row> => ({ cpuTime: ns(t * share), vcpus: 4n });
    const verdict = await auditedOf(
      logOf((t) => ({
        hosts: [one(8, t, cpu(t, 1), on('a')), one(9, t, cpu(t, 1), on('b'))],
        vms: [one(1, t, cpu(t, 0.5), on(t < 300 ? 'a' : 'b')), one(2, t, cpu(t, 3), on('c'))],
      })),
    );
    expect(verdict.hosts.map(({ host }) => host)).toEqual(['a', 'b']);
    const all = verdict.hosts.reduce((sum, { ofVms }) => sum + ofVms, 0);
    expect(all / (verdict.hosts[0]?.ofHost ?? 0)).toBeCloseTo(0.5, 6);
    for (const { ratio, worst } of verdict.hosts) {
      expect(ratio).toBeGreaterThan(0.1);
      expect(worst?.ratio).toBeCloseTo(0.5, 6);
    }
  });

  test('of a host that is read every few minutes is what it is of one that is read in every poll', async () => {
    const verdict = await auditedOf(
      logOf((t) => ({
        hosts: [one(9, t, { ...count, ...(t % 300 === 0 ? { cpuTime: ns(2 * t), vcpus: 4n, memory: 8n * GIB } : {}) })],
        vms: [one(1, t, { cpuTime: ns(t), vcpus: 1n })],
      })),
    );
    expect(isClean(verdict)).toBe(true);
    const { 'cpu time': cpu } = byWhat(verdict.hosts);
    expect(cpu?.windows).toBeGreaterThanOrEqual(3);
    expect(cpu?.ratio).toBeCloseTo(0.5, 6);
  });

  test('bridges a time in which the host was not seen', async () => {
    const verdict = await auditedOf(
      logOf((t) => ({
        hosts: t > 120 && t < 360 ? [] : [one(9, t, { cpuTime: ns(t), vcpus: 4n })],
        vms: [one(1, t, { cpuTime: ns(t * 0.9), vcpus: 1n })],
      })),
    );
    const [share] = verdict.hosts;
    expect(share?.ratio).toBeCloseTo(0.9, 2);
    expect(share?.isTooMuch).toBe(false);
  });
});
