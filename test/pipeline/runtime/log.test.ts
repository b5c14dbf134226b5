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

it('is for people on a terminal', () => {
  const destination = collected();
  createLog({ level: 'info', destination, pretty: true, color: false }).info({ port: 1 }, 'listening');
  expect(destination.text).toMatch(/^\[\d\d:\d\d:\d\d\.\d+\] INFO: listening\n {4}port: 1\n$/);
});
