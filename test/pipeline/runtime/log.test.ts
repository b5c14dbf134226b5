import { expect, it } from 'vitest';
import { createLog } from '../../../pipeline/runtime/log.ts';
import { collected, collectedLog } from './collected.ts';

it('writes JSON lines with time, level and message', () => {
  const { log, lines } = collectedLog();
  log.info({ hypervisor: 'kvm1' }, 'connected');
  expect(lines()).toEqual([{ level: 'info', time: expect.stringMatching(/Z$/), hypervisor: 'kvm1', msg: 'connected' }]);
});

it('keeps below its level quiet', () => {
  const { log, lines } = collectedLog('warn');
  log.info('x');
  log.warn('y');
  expect(lines().map(({ msg }) => msg)).toEqual(['y']);
});

it('never writes a secret', () => {
  const { log, lines } = collectedLog();
  const cause = new Error('http://a:hunter2@b');
  log.error(
    { password: 'hunter2', sink: { secret: 'hunter2' }, err: new Error('no', { cause }) },
    'at redis://:hunter2@h',
  );
  expect(JSON.stringify(lines())).not.toContain('hunter2');
  expect(lines()[0]).toMatchObject({ password: '***', sink: { secret: '***' }, err: { cause: { type: 'Error' } } });
});

it('is for people too, an event a line, with errors and their causes', () => {
  const destination = collected();
  const log = createLog({ level: 'info', destination, pretty: true, color: false });
  log.info({ port: 1 }, 'listening');
  log.warn({ hypervisor: 'kvm1', err: new Error('no', { cause: new Error('line\nbreak') }) }, 'lost');
  const [first, second, ...more] = destination.text.split('\n');
  expect(first).toMatch(/^\[\d\d:\d\d:\d\d\.\d+\] INFO: listening \{"port":1\}$/);
  expect(second).toMatch(/^\[[\d:.]+\] WARN: lost \{"hypervisor":"kvm1","err":\{.*"cause":\{.*"line\\nbreak"\}\}\}$/);
  expect(more).toEqual(['']);
});
