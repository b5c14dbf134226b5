import { mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parts } from '../../../pipeline/cli/composition.ts';
import { kafkaClientFinding, machineFindings } from '../../../pipeline/cli/doctor-machine.ts';
import { lookAtMachine, type Machine } from '../../../pipeline/cli/machine.ts';
import { KafkaError } from '../../../pipeline/kafka/kafka-error.ts';
import { available } from '../../services/service.ts';
import { written } from '../runtime/config/fleet.ts';
import { type Ran, runWith } from './test-parts.ts';

const MIB = 2 ** 20;
const GOOD: Machine = { node: 'v22.1.0', heapLimitBytes: 2048 * MIB, memoryBytes: 8192 * MIB, openFiles: 65_536 };
const standings = (machine: Partial<Machine>, endpoints: number | null = null) =>
  machineFindings({ ...GOOD, ...machine }, endpoints).map(({ what, standing }) => `${what} ${standing}`);

const doctor = async (
  text: string,
  ...words: string[]
): Promise<Ran & { readonly findings: Record<string, Finding> }> => {
  const ran = await runWith(parts, ['doctor', '-c', written(text), '-o', 'json', ...words]);
  const lines = ran.stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '');
  return { ...ran, findings: Object.fromEntries(lines.map((line) => [JSON.parse(line).what, JSON.parse(line)])) };
};
interface Finding {
  readonly standing: string;
  readonly told: string;
  readonly remedies: readonly string[];
}
const listening = async (server: Server | ReturnType<typeof createTcpServer>): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};

describe('the machine', () => {
  it('is looked at for real', () => {
    const machine = lookAtMachine();
    expect(machine.node).toBe(process.version);
    expect(machine.heapLimitBytes).toBeGreaterThan(64 * MIB);
    expect(machine.memoryBytes).toBeGreaterThanOrEqual(process.memoryUsage.rss());
    expect(machine.memoryBytes).toBeLessThan(2 ** 50);
    if (process.platform === 'linux') expect(machine.openFiles).toBeGreaterThanOrEqual(256);
  });

  it.each<[Partial<Machine>, number | null, string]>([
    [{}, null, 'node good, open files good, memory good'],
    [{ node: 'v20.18.3' }, null, 'node bad, open files good, memory good'],
    [{ node: 'v20.19.0' }, null, 'node good, open files good, memory good'],
    [{ node: 'v24.0.0' }, null, 'node good, open files good, memory good'],
    [{ openFiles: 256 }, null, 'node good, open files odd, memory good'],
    [{ openFiles: 1024 }, 412, 'node good, open files good, memory good'],
    [{ openFiles: 1024 }, 413, 'node good, open files bad, memory good'],
    [{ openFiles: Number.POSITIVE_INFINITY }, 9999, 'node good, open files good, memory good'],
    [{ openFiles: null }, 5, 'node good, open files unknown, memory good'],
    [{ heapLimitBytes: 8000 * MIB }, null, 'node good, open files good, memory odd'],
    [{ heapLimitBytes: 200 * MIB }, null, 'node good, open files good, memory odd'],
  ])('%j with %s endpoints: %s', (machine, endpoints, expected) => {
    expect(standings(machine, endpoints).join(', ')).toBe(expected);
  });

  it('says what to do', () => {
    const remedies = machineFindings({ ...GOOD, node: 'v18.0.0', openFiles: 1024, heapLimitBytes: 9000 * MIB }, 1000);
    expect(remedies.flatMap((finding) => finding.remedies)).toEqual([
      'install Node 20.19 or newer',
      'raise it to 2200 at least: ulimit -n 2200, or LimitNOFILE=2200 of the systemd unit',
      'the system would end the process before its heap is full: NODE_OPTIONS=--max-old-space-size=6144, three quarters',
    ]);
  });
});

describe('the Kafka client', () => {
  it('is there, in this very build', async () => {
    const { standing, told } = await kafkaClientFinding(parts);
    expect(['good', 'odd']).toContain(standing);
    expect(told).toMatch(/^librdkafka \d+\.\d+\.\d+, with /);
  });

  it.each([
    [['zstd', 'ssl', 'sasl_scram', 'sasl_gssapi'], 'good', []],
    [
      ['ssl', 'sasl_scram', 'sasl_gssapi'],
      'odd',
      [/^without zstd, .*: install libzstd-dev and build it again, npm rebuild node-rdkafka$/],
    ],
    [['zstd', 'ssl', 'sasl_scram'], 'odd', [/^without sasl_gssapi, .*Kerberos.*: install libsasl2-dev /]],
  ])('with %j is %s', async (features, expected, remedies) => {
    const found = await kafkaClientFinding({ librdkafka: async () => ({ version: '2.12.0', features }) });
    expect(found.standing).toBe(expected);
    expect(found.remedies).toEqual(remedies.map((remedy) => expect.stringMatching(remedy)));
  });

  it('may not be built at all, which is bad and has a remedy', async () => {
    const librdkafka = () =>
      Promise.reject(new KafkaError('the Kafka client cannot be loaded: no binding; install make'));
    expect(await kafkaClientFinding({ librdkafka })).toEqual({
      what: 'kafka client',
      standing: 'bad',
      told: 'the Kafka client cannot be loaded: no binding',
      remedies: ['install make'],
    });
  });
});

describe('doctor', () => {
  it('ticks off this machine without a configuration', async () => {
    const { code, stdout } = await runWith(parts, ['doctor']);
    expect([0, 1]).toContain(code);
    expect(stdout).toMatch(/^✓ hypermeter: \d/);
    expect(stdout).toContain(`✓ node: ${process.version}`);
    expect(stdout).toContain('? clock: not compared: no configuration names a machine to ask\n    see to NTP');
  });

  it('is one object a line for programs, and all good where all is', async () => {
    const { code, findings } = await doctor('ops: { listen: "127.0.0.1:0" }');
    expect(code).toBe(0);
    expect(Object.keys(findings)).toEqual([
      'hypermeter',
      'node',
      'open files',
      'memory',
      'kafka client',
      'kafka features',
      'spool',
      'port',
      'clock',
    ]);
    expect(findings.port).toMatchObject({ standing: 'good', told: '127.0.0.1:0 is free for ops.listen' });
    expect(findings.spool?.told).toContain('in memory, up to 64 MiB');
  });

  it('finds a port in use, by whom', async () => {
    const stranger = await listening(createTcpServer((socket) => socket.destroy()));
    const taken = await doctor(`ops: { listen: "${stranger}" }`);
    expect(taken.code).toBe(1);
    expect(taken.findings.port).toEqual({
      what: 'port',
      standing: 'bad',
      told: `cannot listen on ${stranger}: another program listens there`,
      remedies: ['choose another address for ops.listen, or off'],
    });
    const own = await listening(createServer((_, response) => response.end('{"version":"9.9.9"}')));
    const { code, findings } = await doctor(`ops: { listen: "${own}" }`);
    expect(code).toBe(0);
    expect(findings.port).toMatchObject({ standing: 'odd', told: `${own}: a Hypermeter 9.9.9 listens there already` });
  });

  it('looks at the disks of the spool and of file sinks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hypermeter-doctor-'));
    const { findings } = await doctor(`
collector: { spool: { directory: ${folder}, maxBytes: 1000000GiB } }
sinks: [{ type: file, path: ${folder}/meters.jsonl }]
ops: { listen: "off" }`);
    expect(findings.spool).toMatchObject({
      standing: 'odd',
      remedies: [expect.stringContaining('lower collector.spool')],
    });
    expect(findings.disk?.told).toMatch(/^\d+ MiB free for /);
    const wrong = await doctor(`{ sinks: [{ type: file, path: /nowhere/at/all.jsonl }], ops: { listen: "off" } }`);
    expect(wrong.code).toBe(1);
    expect(wrong.findings.disk).toMatchObject({
      standing: 'bad',
      told: expect.stringContaining('there is no such file'),
    });
  });

  it('looks for ssh where a connector goes over it', async () => {
    const over = '{ connectors: [{ name: a, type: libvirt, uri: "qemu+ssh://kvm1/system" }], ops: { listen: "off" } }';
    const without = await doctor(over);
    expect(without.code).toBe(1);
    expect(without.findings.ssh?.remedies).toEqual([
      'install an ssh client (Debian: openssh-client), or use qemu+tls://',
    ]);
    expect(without.findings.clock).toMatchObject({
      standing: 'unknown',
      told: expect.stringContaining('none of the hypervisors tells'),
    });
  });

  it('is 78 where the configuration is wrong', async () => {
    expect((await doctor('servce: {}')).code).toBe(78);
  });
});

describe.skipIf(!(await available('vcsim')))('doctor against a vCenter [vcsim]', () => {
  it('compares the clocks', async () => {
    const { code, findings } = await doctor(`
connectors: [{ name: vc1, type: vsphere, url: "https://127.0.0.1:18989/sdk", username: u, password: p, tls: { verify: false } }]
ops: { listen: "off" }`);
    expect({ code, told: findings.clock?.told }).toEqual({
      code: 0,
      told: expect.stringMatching(/^vc1\S* is \d\.\d{3} s (ahead|behind)$/),
    });
    expect(findings.clock?.standing).toBe('good');
  });
});
