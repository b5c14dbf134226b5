import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { explained, listenForTrouble } from '../../../pipeline/kafka/client.ts';
import { handClock } from '../runtime/hand-clock.ts';

const PLAINTEXT =
  'ssl://k:9092/bootstrap: SSL handshake failed: Disconnected: SSL connection closed by peer: connecting to a PLAINTEXT broker listener?';
const HUNG_UP = 'ssl://k:9092/bootstrap: Disconnected: SSL connection closed by peer';
const GONE = 'k:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)';

function listening() {
  const client = new EventEmitter();
  const clock = handClock();
  const reports: string[] = [];
  const report = (event: { readonly error?: Error }): void => void reports.push(event.error?.message ?? '');
  const trouble = listenForTrouble(client as never, 'producer', { clock, report } as never);
  const log = (message: string): void => void client.emit('event.log', { severity: 3, fac: 'FAIL', message });
  const error = (message: string, code = -195): void => void client.emit('event.error', { code, message });
  return { clock, trouble, log, error, reports };
}

describe('the reason of a trouble', () => {
  it('stays a refusal of a moment ago when the broker then just hangs up', () => {
    const { trouble, log, error, reports } = listening();
    log(PLAINTEXT);
    log(HUNG_UP);
    error(HUNG_UP);
    expect(trouble.reason()).toMatch(/connecting to a PLAINTEXT broker listener\?$/);
    expect(reports).toEqual([expect.stringContaining('the listener speaks no TLS')]);
  });

  it('is no refusal of long ago', async () => {
    const { clock, trouble, log } = listening();
    log(PLAINTEXT);
    await clock.advance(31_000);
    log(HUNG_UP);
    expect(trouble.reason()).toBe('ssl://k:9092: Disconnected: SSL connection closed by peer');
  });

  it('is forgotten after a minute, which is longer than a client goes without repeating it', async () => {
    const { clock, trouble, log } = listening();
    log(GONE);
    await clock.advance(45_000);
    expect(trouble.reason()).toContain('Connection refused');
    await clock.advance(16_000);
    expect(trouble.reason()).toBeNull();
  });

  it('is what a broker answered, whatever was wrong with another one', () => {
    const { trouble, log, error, reports } = listening();
    log(GONE);
    const refused = explained('cannot create topic t', { code: 44, message: 'Policy violation' }, trouble);
    expect([refused.message, refused.away]).toEqual(['cannot create topic t: Policy violation', false]);
    const passing = explained('cannot read', { code: 15, message: 'Coordinator not available' }, trouble);
    expect([passing.message, passing.away]).toEqual(['cannot read: Coordinator not available', true]);
    const silent = explained('cannot read', { code: -185, message: 'Local: Timed out' }, trouble);
    expect([silent.message, silent.away]).toEqual([expect.stringContaining('Connection refused'), true]);
    error('Broker: Policy violation', 44);
    expect(reports).toEqual(['Broker: Policy violation']);
  });

  it('is whatever came last otherwise', () => {
    const { trouble, log } = listening();
    log(PLAINTEXT);
    log(GONE);
    expect(trouble.reason()).toContain('Connection refused');
    log(HUNG_UP);
    expect(trouble.reason()).toContain('closed by peer');
  });
});
