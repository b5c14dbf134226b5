import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { parts } from '../../../pipeline/cli/composition.ts';
import { createProgram, runProgram } from '../../../pipeline/cli/program.ts';
import { collected } from '../runtime/collected.ts';

it('ends at once when a second signal comes, with the code of that', async () => {
  const signals = new EventEmitter();
  const exits: number[] = [];
  const stderr = collected((text) => {
    if (!text.startsWith('broker ')) return;
    signals.emit('SIGINT', 'SIGINT');
    signals.emit('SIGTERM', 'SIGTERM');
  });
  const terminal = { stdout: collected(), stderr, signals, env: {}, exit: (code: number) => exits.push(code) };
  await runProgram(createProgram(parts, terminal), ['demo', '--instances', '2', '--hosts', '1'], stderr);
  expect(exits).toEqual([143]);
}, 60_000);
