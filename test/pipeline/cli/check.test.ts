import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parts } from '../../../pipeline/cli/composition.ts';
import { written } from '../runtime/config/fleet.ts';
import { runWith } from './test-parts.ts';

const folder = mkdtempSync(join(tmpdir(), 'hypermeter-check-'));
const check = (words: readonly string[]) => runWith(parts, ['check', ...words]);

const GOOD = `connectors: [{ name: sim, type: simulator, hosts: 2, instances: 6, faults: { hostAway: 0 } }]
sinks: [{ type: stdout }, { type: file, path: ${folder}/meters.jsonl }]`;
const BAD = `connectors:
  - { name: sim, type: simulator, hosts: 1, instances: 3, faults: { hostAway: 0 } }
  - { name: kvm1, type: libvirt, uri: "qemu+tcp://127.0.0.1:1/system" }
kafka: { brokers: ["127.0.0.1:1"] }
state: { type: redis, url: "redis://:hunter2@127.0.0.1:1" }
sinks: [{ type: amqp, url: "amqp://guest:hunter2@127.0.0.1:1/" }, { type: stdout }]`;

describe('check', () => {
  it('ticks off what is there, in the order of the data', async () => {
    const { code, stdout, stderr } = await check(['-c', written(GOOD)]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n').map((line) => line.replace(/ \(.*ms\)$/, '').replace(/ \/\S*yaml/, ' FILE'))).toEqual([
      '✓ configuration FILE: 1 connector, 2 sinks',
      expect.stringMatching(
        /^✓ simulator sim\S*: 1 host, \d instances?, \d of them running, 1 call for the first poll$/,
      ),
      expect.stringMatching(/^✓ simulator sim/),
      '✓ kafka embedded: in this process, for trying out only',
      '✓ state memory: in memory, rebuilt from the log at each start',
      '✓ stdout stdout: nothing to connect to before the first sample',
      `✓ file file:${folder}/meters.jsonl: connected`,
      '',
    ]);
  });

  it('names all that is not, with what to do, and is 69', async () => {
    const { code, stdout, stderr } = await check(['-c', written(BAD), '--timeout', '3s', '-o', 'json']);
    expect({ code, stderr }).toEqual({ code: 69, stderr: '4 checks failed\n' });
    const outcomes = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const failed = outcomes.filter(({ ok }) => !ok).map(({ what, told }) => [what, told]);
    expect(failed).toEqual([
      ['libvirt', expect.stringContaining('nothing listens there')],
      ['kafka', expect.stringContaining('127.0.0.1:1')],
      ['state', expect.stringContaining('127.0.0.1:1')],
      ['amqp', expect.stringContaining('127.0.0.1:1')],
    ]);
    expect(outcomes.filter(({ ok }) => ok).map(({ what }) => what)).toEqual(['configuration', 'simulator', 'stdout']);
    expect(stdout).not.toContain('hunter2');
  }, 60_000);

  it('looks at nothing but the configuration if that is asked', async () => {
    const { code, stdout } = await check(['-c', written(BAD), '--no-connect']);
    expect({ code, lines: stdout.trim().split('\n').length }).toEqual({ code: 0, lines: 1 });
    const wrong = await check(['-c', written('sinks: [{ type: udb }]'), '--no-connect']);
    expect(wrong.code).toBe(78);
  });

  it('has help with examples', async () => {
    const { code, stdout } = await check(['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('hypermeter check -c hypermeter.yaml --no-connect');
  });
});
