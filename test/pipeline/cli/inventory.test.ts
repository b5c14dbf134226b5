import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import avsc from 'avsc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCHEMAS } from '../../../avro/schemas.ts';
import type { Snapshot } from '../../../avro/snapshot.ts';
import type { Output } from '../../../pipeline/cli/terminal.ts';
import { nova, poll, SECOND, START, vm, who } from '../inventory/listings.ts';
import { collected } from '../runtime/collected.ts';
import { written } from '../runtime/config/fleet.ts';
import { run } from './test-parts.ts';

const directory = mkdtempSync(join(tmpdir(), 'hypermeter-inventory-'));
afterAll(() => rmSync(directory, { recursive: true }));
const raw = join(directory, 'raw.avro');

const flavor = { id: '1', name: 'm1.small', vcpus: 1, memory: 2048, disk: 20, ephemeral: 0, swap: 0, extraSpecs: {} };
const named = (name: string, host: string, projectName: string) =>
  who({ name, host, projectName, projectId: `id-of-${projectName}`, flavor });
const times = Array.from({ length: 8 }, (_, n) => 10 * n);
const hostOf = (n: number, name: string) => vm(n, { identity: who({ name, host: name }) });

/** Two hosts for 70 s: 1 is on both, 2 on the one, 3 was deleted and is there, 4 is nowhere, 5 on a host that fell silent. */
const SNAPSHOTS: readonly Snapshot[] = [
  poll(0, 'kvm3', [vm(5, { identity: named('mute', 'kvm3', 'beta') })]),
  nova(0, vm(4, { identity: named('lost', 'kvm1', 'alpha') }), vm(3, { state: 'NOSTATE', deletedAt: START * SECOND })),
  ...times.flatMap((t) => [
    poll(
      t,
      'kvm1',
      [
        vm(1, { identity: named('web, "the\u001b[2J first"', 'kvm1', 'alpha') }),
        vm(2, { identity: named('database-of-the-whole-department', 'kvm1', 'beta'), state: 'SHUTOFF' }),
        vm(3, { identity: named('undead', 'kvm1', 'alpha') }),
      ],
      { hosts: [hostOf(101, 'kvm1')] },
    ),
    poll(t, 'kvm2', [vm(1, { identity: named('web', 'kvm2', 'alpha') })], { hosts: [hostOf(102, 'kvm2')] }),
    nova(t),
  ]),
];

async function writeAvro(path: string, snapshots: readonly Snapshot[]): Promise<void> {
  const encoder = new avsc.streams.BlockEncoder(SCHEMAS.current.type, { codec: 'deflate' } as object);
  for (const snapshot of snapshots) encoder.write(snapshot);
  encoder.end();
  const blocks: Buffer[] = [];
  for await (const block of encoder) blocks.push(block as Buffer);
  writeFileSync(path, Buffer.concat(blocks));
}

const terminalOf = (columns: number): Output => Object.assign(collected(), { columns, isTTY: true });
const textOf = (stdout: Output): string => (stdout as Output & { readonly text: string }).text;

describe('inventory of a file', () => {
  beforeAll(() => writeAvro(raw, SNAPSHOTS));

  it('is a table, what is wrong last', async () => {
    const { code, stdout, stderr } = await run(['inventory', raw]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await expect(stdout).toMatchFileSnapshot('inventory/table.txt');
  });

  it.each([40, 80, 120])('fits a terminal of %i columns', async (columns) => {
    const stdout = terminalOf(columns);
    await run(['inventory', raw, '--color', 'never'], { stdout });
    const table = textOf(stdout).split('\n\n')[0] ?? '';
    for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
    await expect(table).toMatchFileSnapshot(`inventory/table-${columns}.txt`);
  });

  it('has colour on a terminal only, and not where NO_COLOR is set', async () => {
    const ran = async (env: Record<string, string>) => {
      const stdout = terminalOf(200);
      await run(['inventory', raw], { stdout, env });
      return textOf(stdout);
    };
    expect(await ran({})).toContain('\u001b[31mtwice: 1\u001b[0m');
    expect(await ran({ NO_COLOR: '1' })).not.toContain('\u001b');
    expect((await run(['inventory', raw])).stdout).not.toContain('\u001b');
  });

  it('is an object a line for programs', async () => {
    const { stdout } = await run(['inventory', raw, '-o', 'json']);
    const lines = stdout.trimEnd().split('\n');
    const views = lines.map((line) => JSON.parse(line));
    expect(views).toHaveLength(7);
    expect(views.find(({ uuid }) => uuid.endsWith('01'))).toMatchObject({
      name: 'web, "the\u001b[2J first"',
      findings: ['twice'],
      sources: [
        { hypervisor: 'kvm1', standing: 'sees' },
        { hypervisor: 'kvm2', standing: 'sees' },
      ],
    });
    expect(views.find(({ kind, name }) => kind === 'host' && name === 'kvm1')).toMatchObject({ instances: 3 });
  });

  it('is comma-separated values', async () => {
    const { stdout } = await run([
      'inventory',
      raw,
      '-o',
      'csv',
      '--columns',
      'name,host,findings',
      '--kind',
      'instance',
    ]);
    expect(stdout).toBe(
      [
        'name,host,findings',
        'database-of-the-whole-department,kvm1,',
        'lost,kvm1,nobody',
        'undead,kvm1,zombie',
        '"web, ""the\u001b[2J first""",kvm1,twice',
        'mute,kvm3,stale',
        '',
      ].join('\n'),
    );
  });

  it.each([
    [
      ['--only', 'twice,nobody'],
      ['1', '4'],
    ],
    [
      ['--project', 'beta'],
      ['2', '5'],
    ],
    [
      ['--project', 'id-of-beta'],
      ['2', '5'],
    ],
    [
      ['--host', 'kvm2'],
      ['1', '102'],
    ],
    [
      ['--kind', 'host'],
      ['101', '102'],
    ],
    [['--kind', 'instance', '--host', 'kvm3'], ['5']],
  ])('takes %j', async (words, numbers) => {
    const { stdout } = await run(['inventory', raw, '-o', 'json', ...words]);
    const shown = stdout
      .trimEnd()
      .split('\n')
      .map((line) => Number.parseInt(JSON.parse(line).uuid.slice(-12), 16));
    expect(shown.sort((a, b) => a - b).map(String)).toEqual(numbers);
  });

  it.each([
    ['twice', 65],
    ['nobody,stale', 65],
  ])('fails on %s', async (findings, code) => {
    expect(await run(['inventory', raw, '--fail-on', findings])).toMatchObject({ code, stderr: '' });
  });

  it('does not fail on what is not listed', async () => {
    expect((await run(['inventory', raw, '--fail-on', 'twice', '--project', 'beta'])).code).toBe(0);
  });
});

const config = (...hosts: readonly string[]) =>
  written(`connectors: [${hosts.map((host) => `{ name: ${host}, type: test, uri: "test://${host}" }`).join(', ')}]`);

describe('inventory of hypervisors', () => {
  it('asks each once, and sees what two of them list', async () => {
    const { code, stdout, stderr } = await run(['inventory', '--direct', '-c', config('a', 'b'), '--fail-on', 'twice']);
    expect({ code, stderr }).toEqual({ code: 65, stderr: '' });
    expect(stdout).toMatch(/^01234567-\S+ +web\?\[2J +instance +- +- +- +running +a,b +twice$/m);
    expect(stdout).toContain('2 instances (1 running), 0 hosts, 2 endpoints');
    expect(stdout).toContain('web?[2J: listed by a (running) and b (running)');
  });

  it('asks those that a discovery finds as well; where one does not answer, it says so', async () => {
    const found = (hosts: string) => written(`discovery: [{ type: test, hosts: ${hosts} }]`);
    const { code, stdout } = await run(['inventory', '--direct', '-c', found('[a, b]'), '--fail-on', 'twice']);
    expect([code, stdout.includes('2 endpoints')]).toEqual([65, true]);
    const silent = await run(['inventory', '--direct', '-c', found('[]')]);
    expect([silent.code, silent.stderr]).toEqual([69, expect.stringContaining('error: no hypervisor was found')]);
  });

  it('takes addresses', async () => {
    const { code, stdout } = await run(['inventory', 'test://a', '--columns', 'name,seen-by']);
    expect({ code, stdout: stdout.split('\n').slice(0, 3) }).toEqual({
      code: 0,
      stdout: ['NAME     SEEN BY', 'idle     a', 'web?[2J  a'],
    });
  });

  it('goes on with the others where one does not answer, and says so', async () => {
    const { code, stdout, stderr } = await run(['inventory', '--direct', '-c', config('gone', 'a'), '-o', 'json']);
    expect({ code, stderr }).toEqual({ code: 69, stderr: 'gone: nobody answers at test://u:***@gone\n' });
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  });
});

describe('inventory', () => {
  it.each([
    [['nowhere.avro'], 66, 'cannot read nowhere.avro'],
    [['test://a', 'some.avro'], 64, 'and not several of them'],
    [['test://a', '-c', 'x.yaml'], 64, 'either addresses or files, or a configuration'],
    [['test://a', '--set', 'service.id=x'], 64, 'a configuration with -c and --set'],
    [['-c', 'x.yaml', '--follow', '-o', 'csv'], 64, '--follow prints lines for people, or with -o json'],
    [['test://a', '--follow'], 64, '--follow reads the raw topic'],
    [['--only', 'thrice', 'x.avro'], 64, 'there is no finding "thrice"; known: twice, nobody, zombie, stale'],
    [['--columns', 'uuid,nam', 'x.avro'], 64, 'there is no column "nam"'],
    [[], 64, 'an embedded broker lives in another process'],
    [['--direct'], 78, 'names no hypervisor'],
  ])('%j is %i', async (words, code, told) => {
    const ran = await run(['inventory', ...words]);
    expect(ran.stderr).toContain(told);
    expect(ran.code).toBe(code);
  });
});
