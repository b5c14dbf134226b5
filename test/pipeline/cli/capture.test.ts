import { existsSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parts } from '../../../pipeline/cli/composition.ts';
import { written } from '../runtime/config/fleet.ts';
import { run, runWith } from './test-parts.ts';

const freshFolder = (): string => mkdtempSync(join(tmpdir(), 'hypermeter-capture-'));

const entry = (name: string): string =>
  `{ name: ${name}, type: vsphere, url: "http://127.0.0.1:1/sdk", username: meter-reader, password: hunter2hunter2 }`;

/** A configuration that lists nothing, and a file of endpoints that is found. */
function found(...entries: readonly string[]): string {
  const file = join(freshFolder(), 'endpoints.yaml');
  writeFileSync(file, `[${entries.join(', ')}]`);
  return written(`discovery: [{ type: file, paths: ["${file}"] }]`);
}

describe('capture', () => {
  it('takes only what is read over HTTP', async () => {
    const { code, stderr } = await runWith(parts, ['capture', 'qemu+tcp://127.0.0.1/system', '--to', freshFolder()]);
    expect({ code, stderr }).toEqual({
      code: 64,
      stderr: 'error: libvirt is not read over HTTP and cannot be captured; those that can: vsphere, xenapi, hyperv\n',
    });
    expect((await run(['capture', 'test://fine', '--to', freshFolder()])).stderr).toContain('those that can: none');
  });

  it.each([
    [['capture', '--to', 'x'], 'give the address of a hypervisor, or a configuration with -c'],
    [['capture', 'vsphere://u:p@vc1'], "required option '--to <folder>' not specified"],
    [['capture', 'vsphere://u:p@vc1', '--to', 'x', '--polls', '0'], 'expected a whole number above zero'],
    [
      [
        'capture',
        '-c',
        written(`connectors: [${entry('a')}, ${entry('b').replace('127.0.0.1', '127.0.0.2')}]`),
        '--to',
        'x',
      ],
      'one hypervisor at a time: choose it with --name, of: a, b\n',
    ],
    [['capture', '-c', found(entry('a')), 'b', '--to', 'x'], 'no connector is called "b"; there are: a\n'],
  ])('is 64 for %j', async (words, told) => {
    const { code, stderr } = await runWith(parts, words);
    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining(told) });
    expect(existsSync('x')).toBe(false);
  });

  it('leaves a folder alone that has something in it, or that is none', async () => {
    const folder = freshFolder();
    writeFileSync(join(folder, 'mine'), '');
    for (const [to, told] of [
      [folder, 'is not empty'],
      [join(folder, 'mine'), 'cannot make the folder'],
    ] as const) {
      const { code, stderr } = await runWith(parts, ['capture', 'vsphere://u:p@127.0.0.1:1', '--to', to]);
      expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining(told) });
    }
    expect(readdirSync(folder)).toEqual(['mine']);
  });

  it('is 69 when nobody answers, writes what there was, for nobody else to read, and no secret', async () => {
    const to = join(freshFolder(), 'new');
    const file = found(entry('vc1'), entry('vc2').replace('127.0.0.1', '127.0.0.2'));
    const { code, stdout, stderr } = await runWith(parts, ['capture', '-c', file, 'vc1', '--to', to]);
    expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
    expect(stderr).toContain('vc1: http://127.0.0.1:1: nobody listens there');
    expect(statSync(to).mode & 0o777).toBe(0o700);
    expect(readdirSync(to).sort()).toEqual(['exchanges', 'manifest.json', 'observations.json']);
    for (const name of ['manifest.json', 'observations.json'])
      expect(statSync(join(to, name)).mode & 0o777).toBe(0o600);
  });

  it('says how it is used', async () => {
    const { code, stdout } = await run(['capture', '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /--keep-names[\s\S]*Examples:[\s\S]*hypermeter capture -c hypermeter\.yaml --name pool1 --to pool1/,
    );
  });
});
