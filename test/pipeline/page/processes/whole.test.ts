import { describe, expect, it } from 'vitest';
import type { Known } from '../../../../pipeline/page/processes/link.ts';
import { Whole } from '../../../../pipeline/page/processes/whole.ts';
import { AWAY, collector, metering, row, unheard } from './members.ts';

const lookAt = (known: readonly Known[], lost: readonly string[] = []) => {
  const whole = new Whole(
    () => known,
    () => lost,
    { version: '1', startedAt: 0, now: () => 6000 },
  );
  return whole.overview(whole.rows());
};

const c0 = collector('c0', [row('a'), row('b')], { listed: 2 });
const p0 = metering('p0', [0, 1]);
const p1 = metering('p1', [2]);
const failing = row('b', { state: 'failing', failures: 3, error: 'timed out' });
const kafka = { isNow: true, client: 'consumer', message: 'brokers are down', at: 1 };
const behind = {
  pipeline: { partitions: [{ ...metering('x', [0]).overview?.pipeline?.partitions[0], isBehind: true }] },
};

describe('the verdict of several processes', () => {
  it.each<[string, readonly Known[], string, string]>([
    ['all well', [c0, p0, p1], 'good', '2 of 2 endpoints metered'],
    ['collectors alone', [c0], 'good', '2 of 2 endpoints polled'],
    ['an endpoint that is late', [collector('c0', [row('a'), failing]), p0], 'bad', '1 of 2 endpoints metered; 1 late'],
    [
      'endpoints that none of them polls',
      [collector('c0', [row('a'), row('b')], { listed: 40 }), p0],
      'odd',
      '2 of 2 endpoints metered; 38 of 40 listed endpoints polled by none of these processes',
    ],
    [
      'a pipeline that is away',
      [c0, p0, metering('p1', [2], [], { known: AWAY })],
      'bad',
      '2 of 2 endpoints polled, metered in part; 1 of 3 processes does not answer',
    ],
    [
      'a pipeline that is away and whose partitions others have',
      [c0, p0, metering('p1', [1], [], { known: AWAY })],
      'bad',
      '2 of 2 endpoints metered; 1 of 3 processes does not answer',
    ],
    [
      'a collector that is away',
      [collector('c0', [row('a')], { known: AWAY, listed: 2 }), collector('c1', [row('b')], { listed: 2 }), p0],
      'bad',
      '1 of 2 endpoints metered; 1 late; 1 of 3 processes does not answer',
    ],
    [
      'one that is not heard yet',
      [c0, unheard('p0')],
      'odd',
      '2 of 2 endpoints polled; 1 of 2 processes not heard yet',
    ],
    ['nobody that answers', [unheard('p0', AWAY), unheard('c0', AWAY)], 'bad', 'None of these 2 processes answers'],
    ['nobody yet', [unheard('p0')], 'odd', '1 process is not heard yet'],
    ['no process', [], 'odd', 'No process is found yet'],
    [
      'a pipeline without Kafka',
      [c0, p0, metering('p1', [2], [], { told: { kafka } })],
      'good',
      '2 of 2 endpoints polled, metered in part',
    ],
    [
      'no pipeline with Kafka',
      [c0, metering('p1', [0], [], { told: { kafka } })],
      'good',
      '2 of 2 endpoints polled, none metered now',
    ],
    ['a partition that nobody reads', [c0, metering('p0', [0, 2])], 'good', '2 of 2 endpoints polled, metered in part'],
    [
      'a pipeline that is late',
      [c0, metering('p0', [0], [], behind as never)],
      'good',
      '2 of 2 endpoints polled, metered late',
    ],
  ])('of %s', (_, known, tone, text) => {
    expect(lookAt(known).verdict).toMatchObject({ tone, text });
  });

  it('names who is late, why, and who polls it', () => {
    expect(lookAt([collector('c0', [row('a'), failing]), p0]).verdict.late).toEqual([
      { id: 'libvirt/b', name: 'b', state: 'failing', readAt: 5000, error: 'timed out', process: 'c0' },
    ]);
  });
});

describe('what is wrong with the processes', () => {
  const problems = (known: readonly Known[], lost: readonly string[] = []) =>
    lookAt(known, lost).problems.map(({ severity, text }) => `${severity}: ${text}`);

  it('is nothing where all is well', () => {
    expect(problems([c0, p0, p1])).toEqual([]);
  });

  it.each<[string, readonly Known[], string]>([
    [
      'one that is away',
      [c0, metering('p0', [0], [], { known: AWAY })],
      'error: p0 (p0:9464) has not answered since 12:03:04 UTC: nobody listens there',
    ],
    [
      'one that was never heard',
      [c0, unheard('p0', AWAY)],
      'error: p0:9464 has not answered since 12:03:04 UTC: nobody listens there',
    ],
    [
      'one of another version',
      [c0, metering('p0', [0], [], { known: { state: 'foreign', error: 'fleet.kind: Invalid input' } })],
      'error: p0 (p0:9464) speaks another version, 0.1.0: fleet.kind: Invalid input',
    ],
    [
      'a clock',
      [c0, metering('p0', [0], [], { known: { aheadMs: -12_000 } })],
      'warning: The clock of p0 is 12 s behind the one here',
    ],
    [
      'a partition',
      [c0, metering('p0', [0, 2])],
      'warning: Partition 1 of the raw topic is read by none of these processes',
    ],
    ['Kafka', [c0, metering('p0', [0], [], { told: { kafka } })], 'error: Kafka: brokers are down (p0)'],
  ])('is told: %s', (_, known, text) => {
    expect(problems(known)).toContain(text);
  });

  it('is a name that leads nowhere', () => {
    expect(problems([c0], ['dns:pods:9464 has no address'])).toEqual(['error: dns:pods:9464 has no address']);
  });

  it('is who is not ready, and why', () => {
    const waiting = metering('p0', [0], [], { told: { ready: false, reasons: ['kafka is not started'] } });
    expect(lookAt([c0, waiting])).toMatchObject({ ready: false, reasons: ['p0: kafka is not started'] });
  });
});
