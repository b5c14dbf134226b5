import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ConnectorContext } from '../../../connectors/connector.ts';
import { parts } from '../../../pipeline/cli/composition.ts';
import { collected } from '../runtime/collected.ts';
import { written } from '../runtime/config/fleet.ts';
import { run, runWith, testParts, UUID } from './test-parts.ts';

const config = (...hosts: readonly string[]) =>
  written(`connectors: [${hosts.map((host) => `{ name: ${host}, type: test, uri: "test://${host}" }`).join(', ')}]`);

/** One that is listed and, by a source, those found; without any the source does not answer. */
const found = (listed: string, ...hosts: readonly string[]) =>
  written(`connectors: [{ name: ${listed}, type: test, uri: "test://${listed}" }]
discovery: [{ type: test, hosts: [${hosts.join(', ')}] }]`);

const hypervisorsIn = (stdout: string): readonly string[] => [
  ...new Set([...stdout.matchAll(/"hypervisor":"(\w+)"/g)].map(([, name = '']) => name)),
];

describe('poll', () => {
  it('prints one object a line, exact, with null for what is absent', async () => {
    const { code, stdout, stderr } = await run(['poll', 'test://fine', '-o', 'json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [web = '', idle = ''] = stdout.trimEnd().split('\n');
    expect(web).toContain('"cpuTime":18446744073709551615,');
    expect(web).toContain('"rxBytes":9007199254740993,');
    expect(JSON.parse(web)).toMatchObject({
      hypervisor: 'fine',
      kind: 'test',
      scope: 'instance',
      uuid: UUID,
      state: 'RUNNING',
      epoch: 'boot/7',
      observed_at: '2023-11-14T22:13:20.006001Z',
      interval_us: null,
      cpuReady: null,
      disks: [{ id: 'vda', readBytes: 1536, writeBytes: null }],
      nics: [{ id: 'fa:16:3e:00:00:01', name: 'tap1', txBytes: 0 }],
    });
    expect(JSON.parse(idle)).toMatchObject({
      state: 'SHUTOFF',
      observed_at: null,
      cpuTime: null,
      disks: [{ id: 'vda', readBytes: null }],
    });
  });

  it('prints a table for people, without control characters of strangers', async () => {
    const { stdout } = await run(['poll', 'test://fine']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toBe('fine (test): 2 instances, 1 call for the first poll, 12.3 ms');
    expect(lines[1]).toMatch(
      /^UUID +NAME +STATE +VCPUS +CPU +MEMORY +USED +RESIDENT +DISK READ +WRITTEN +NET IN +OUT$/,
    );
    // By name.
    expect(lines[3]).toMatch(
      /^01234567-89ab-cdef-0123-456789abcdef {2}web\?\[2J +running +- +213503d 23h +2\.0 GiB +- +- +1\.5 KiB +- +8\.0 PiB +0 B$/,
    );
    expect(lines[2]).toMatch(/ idle +shutoff +- +-/);
  });

  it.each([80, 100, 120])('fits into %i columns, with uuids whole', async (columns) => {
    const stdout = Object.assign(collected(), { columns });
    await run(['poll', 'test://fine'], { stdout });
    const lines = stdout.text.trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(lines[1]).toMatch(/^UUID +NAME +STATE .*CPU/);
    expect(lines[3]).toContain(UUID);
    expect(/NET IN/.test(stdout.text)).toBe(/OUT/.test(stdout.text));
  });

  it('polls as often as asked', async () => {
    const table = await run(['poll', 'test://fine', '--count', '2', '--interval', '1ms']);
    expect(table.stdout.match(/1 call for the first poll/g)).toHaveLength(1);
    expect(table.stdout).toContain('2 instances, 1 call, 12.3 ms');
    const { stdout } = await run(['poll', 'test://fine', '--count', '3', '--interval', '1ms', '-o', 'json']);
    expect(stdout.match(/"RUNNING"/g)).toHaveLength(3);
  });

  it.each([
    ['poll', ['poll', 'test://fine']],
    ['inventory', ['inventory', 'test://fine']],
  ])('%s tells connectors, which ration it, how much time there is', async (_, words) => {
    const paces: unknown[] = [];
    const connectors = testParts.connectors.map((kind) => ({
      ...kind,
      create: (config: never, context: ConnectorContext) => {
        paces.push(context.pace);
        return kind.create(config, context);
      },
    }));
    expect((await runWith({ ...testParts, connectors }, [...words, '--timeout', '45s'])).code).toBe(0);
    expect(paces).toMatchObject([{ timeoutMs: 45_000, intervalMs: 45_000 }]);
  });

  it.each([
    ['qemu+tcp://HOST/system', 'connecting did not end within 0.5 s'],
    ['vsphere://u:p@HOST', 'RetrieveServiceContent did not end within 0.225 s'],
    ['xenapi://u:p@HOST', 'connecting did not end within 0.5 s'],
    ['hyperv://u:p@HOST?tls=false', 'Msvm_ComputerSystem did not end within 0.2 s'],
    ['proxmox://u%40pve:p@HOST', 'connecting did not end within 0.5 s'],
  ])('waits for a silent %s as long as it is told to', async (address, told) => {
    const silent = createServer((socket) => void socket.on('error', () => undefined).resume());
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void silent.close());
    const host = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const { code, stderr } = await runWith(parts, ['poll', address.replace('HOST', host), '--timeout', '500ms']);
    expect([code, stderr]).toEqual([69, expect.stringContaining(`${host}: ${told}`)]);
  });

  it.each([
    ['gone', 'gone: nobody answers at test://u:***@gone\n'],
    ['stuck', 'stuck: the poll did not end within 0.05 s\n'],
  ])('is 69 and one line when the host is %s', async (host, told) => {
    const { code, stdout, stderr } = await run(['poll', `test://${host}`, '--timeout', '50ms']);
    expect({ code, stdout, stderr }).toEqual({ code: 69, stdout: '', stderr: told });
  });

  it('goes on with the other hosts of a configuration when one fails', async () => {
    const { code, stdout, stderr } = await run(['poll', '-c', config('gone', 'a', 'b'), '-o', 'json']);
    expect(code).toBe(69);
    expect(stderr).toMatch(/^gone: /);
    const hypervisors = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).hypervisor);
    expect([...new Set(hypervisors)].sort()).toEqual(['a', 'b']);
  });

  it('asks only the one named', async () => {
    const { code, stdout } = await run(['poll', '-c', config('gone', 'a'), '--name', 'a']);
    expect(code).toBe(0);
    expect(stdout).toContain('a (test)');
  });

  it('asks those that a discovery finds as well, and says what of them would be polled twice', async () => {
    const { code, stdout, stderr } = await run(['poll', '-c', found('a', 'b', 'a'), '-o', 'json']);
    expect([code, [...hypervisorsIn(stdout)].sort()]).toEqual([0, ['a', 'b']]);
    expect(stderr).toMatch(/^warning: test: a: there is another a, at connectors: a, which is kept/);
  });

  it('warns of found ones that are not verified, as a configuration does of its own', async () => {
    const { code, stderr } = await run(['poll', '-c', found('a', '"b?no_verify=1"', '"c?no_verify=1"')]);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^warning: b and 1 more: uri has no_verify, with which the server is not checked: [^\n]+\n$/,
    );
  });

  it('says that there is nobody who can be asked', async () => {
    const file = written('connectors: [{ name: cloud, type: nova, url: "amqp://mq/" }]');
    const { code, stdout, stderr } = await runWith(parts, ['poll', '-c', file]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain('there is nothing to poll: nova cannot be asked');
  });

  it('asks one that was found by its name, and nobody else', async () => {
    for (const name of [['b'], ['--name', 'b']]) {
      const { code, stdout, stderr } = await run(['poll', '-c', found('gone', 'b', 'stuck'), ...name, '-o', 'json']);
      expect([code, hypervisorsIn(stdout), stderr]).toEqual([0, ['b'], '']);
    }
  });

  it('asks the others where a source does not answer, and is 69; one that is listed needs no source', async () => {
    const all = await run(['poll', '-c', found('a'), '-o', 'json']);
    expect([all.code, hypervisorsIn(all.stdout)]).toEqual([69, ['a']]);
    expect(all.stderr).toBe('discovery test: nobody answers at test://u:***@source\n');
    const one = await run(['poll', '-c', found('a'), 'a', '-o', 'json']);
    expect([one.code, hypervisorsIn(one.stdout), one.stderr]).toEqual([0, ['a'], '']);
  });

  it.each([
    [['poll'], 64, 'error: give the address of a hypervisor, or a configuration with -c'],
    [['poll', 'test://a', '--name', 'a'], 64, 'error: --name and --set are for a configuration'],
    [['poll', 'test://a', '--set', 'service.id=x'], 64, 'error: --name and --set are for a configuration'],
    [['poll', 'test://a', '-c', 'x'], 64, 'error: give the address'],
    [['poll', 'ftp://u:hunter2@h'], 64, 'no connector takes the address "ftp://…"; those that take one: test'],
    [['poll', 'test://u:hunter2@fine?hue=red'], 64, 'the address test://… does not do:\n  hue: unknown key'],
    [['poll', 'kvm1'], 64, 'no connector takes the address "kvm1"'],
    [['poll', '-c', config('a'), '--name', 'b'], 64, 'no connector is called "b"; there are: a\n'],
    [['poll', '-c', config('a'), 'b', '--name', 'b'], 64, 'and at most one name'],
    [['poll', '-c', found('a', 'b'), 'c'], 64, 'no connector is called "c"; there are: a, b\n'],
    [['poll', '-c', found('a'), 'c'], 69, 'there are: a; what test would find is not known\n'],
    [['poll', '-c', written('discovery: [{ type: test }]')], 69, 'no hypervisor was found; what test would find'],
    [['poll', '-c', '/nowhere.yaml'], 78, 'there is no such file'],
    [['poll', '-c', written('service: { id: x }')], 78, 'connectors: names no hypervisor'],
  ])('%j is %i', async (words, code, told) => {
    const ran = await run(words);
    expect(ran.code).toBe(code);
    expect(ran.stderr).toContain(told);
    expect(ran.stderr).not.toContain('hunter2');
  });
});
