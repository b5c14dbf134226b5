import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { available } from '../services/service.ts';

const CHAOS = fileURLToPath(new URL('../../dist/test/chaos/chaos.js', import.meta.url));
/** One fault: a second would begin before that. */
const WORDS = [
  'collectors',
  '--network',
  '--faults',
  'partition',
  '--minutes',
  '0.1',
  '--interval',
  '2',
  '--endpoints',
  '24',
];

interface Verdict {
  readonly faults: Readonly<Record<string, number>>;
  readonly doubled: number;
  readonly fenced: number;
}

const services = (await available('kafka')) && (await available('namespaces'));

describe.skipIf(!services)('a collector that is cut off from the brokers, by the network [kafka] [namespaces]', () => {
  it('polls on, is deposed, comes back: what it still sends is fenced, and nothing is counted twice', {
    timeout: 240_000,
  }, async () => {
    const child = spawn(process.execPath, [CHAOS, ...WORDS], { stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGTERM'));
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code, said).toBe(0);
    const verdict: Verdict = JSON.parse(said.slice(said.indexOf('\n{') + 1, said.lastIndexOf('}') + 1));
    expect(verdict, said).toMatchObject({ faults: { partition: 1 } });
    // Two polled them at a time, of which one counts.
    expect(verdict.doubled, said).toBeGreaterThan(0);
    expect(verdict.fenced, said).toBeGreaterThan(0);
  });
});
