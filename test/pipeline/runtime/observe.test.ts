import { describe, expect, it } from 'vitest';
import { EVENT_NAMES } from '../../../pipeline/runtime/event-metrics.ts';
import { createMetrics } from '../../../pipeline/runtime/metrics.ts';
import { observe } from '../../../pipeline/runtime/observe.ts';
import { collectedLog } from './collected.ts';
import { EVERY_EVENT } from './every-event.ts';
import { handClock } from './hand-clock.ts';

const BUILD = { version: '1.2.3', node: 'v20', librdkafka: '2.12.0' };

function watch() {
  const metrics = createMetrics(BUILD);
  const { log, lines } = collectedLog();
  const clock = handClock();
  const text = async () =>
    (await metrics.registry.metrics()).split('\n').filter((line) => /^hypermeter_(?!.*_bucket)/.test(line));
  return { report: observe(metrics, log, clock), metrics, lines, clock, text };
}

describe('every event', () => {
  it('is counted', async () => {
    for (const name of EVENT_NAMES) {
      const { report, text } = watch();
      const before = await text();
      report(EVERY_EVENT[name]);
      expect(await text(), name).not.toEqual(before);
    }
  });

  it('and every metric is moved by one', async () => {
    const { report, metrics } = watch();
    for (const event of Object.values(EVERY_EVENT)) report(event);
    const still = (await metrics.registry.getMetricsAsJSON()).filter(
      ({ name, values }) => name.startsWith('hypermeter_') && !values.some(({ value }) => Number(value) !== 0),
    );
    // The loss after the poll puts it to 0.
    expect(still.map(({ name }) => name)).toEqual(['hypermeter_hypervisor_up']);
  });

  it('of a state store is missing where there is none, which is not 0', async () => {
    const { report, text } = watch();
    const shown = async () => (await text()).filter((line) => line.startsWith('hypermeter_state_store_up'));
    expect(await shown()).toEqual([]);
    report({ event: 'state.back' });
    expect(await shown()).toEqual(['hypermeter_state_store_up 1']);
    report({ event: 'state.away', error: new Error('away') });
    expect(await shown()).toEqual(['hypermeter_state_store_up 0']);
  });

  it('leaves its numbers in base units', async () => {
    const { report, text } = watch();
    for (const name of ['poll.done', 'windows.emitted', 'published', 'message.read', 'slices.sent'] as const)
      report(EVERY_EVENT[name]);
    expect(await text()).toEqual(
      expect.arrayContaining([
        'hypermeter_build_info{version="1.2.3",node="v20",librdkafka="2.12.0"} 1',
        'hypermeter_poll_duration_seconds_sum{kind="libvirt"} 0.25',
        'hypermeter_poll_jitter_seconds_sum{kind="libvirt"} 0.002',
        'hypermeter_hypervisor_last_success_timestamp_seconds{hypervisor="kvm1",kind="libvirt"} 1700000000.5',
        'hypermeter_hypervisor_up{hypervisor="kvm1",kind="libvirt"} 1',
        'hypermeter_hypervisor_instances{hypervisor="kvm1",kind="libvirt"} 40',
        'hypermeter_windows_emitted_total{size="60s"} 9',
        'hypermeter_publish_duration_seconds_sum{sink="udp"} 0.003',
        'hypermeter_messages_read_total{partition="7"} 1',
        'hypermeter_sent_bytes_total 4096',
      ]),
    );
  });
});

it('takes a hypervisor for down when it fails, not while its first poll is not due yet', async () => {
  const { report, text } = watch();
  const up = async () => (await text()).find((line) => line.startsWith('hypermeter_hypervisor_up'))?.at(-1);
  const seen: (string | undefined)[] = [];
  for (const name of ['endpoint.connecting', 'endpoint.lost', 'endpoint.connecting', 'poll.done'] as const) {
    report(EVERY_EVENT[name]);
    seen.push(await up());
  }
  report(EVERY_EVENT['endpoint.connecting']);
  expect([...seen, await up()]).toEqual([undefined, '0', '0', '1', '1']);
});

it.each(['partition.released', 'state.fenced'] as const)('says nothing more of a partition after %s', async (gone) => {
  const { report, text } = watch();
  const ofPartitions = async () => (await text()).filter((line) => /_(lag_messages|checkpoints|residual)\{/.test(line));
  for (const partition of [7, 8])
    for (const name of ['lag', 'state.kept', 'residual'] as const) report({ ...EVERY_EVENT[name], partition });
  expect(await ofPartitions()).toHaveLength(6);
  report(EVERY_EVENT[gone]);
  const left = await ofPartitions();
  expect(left).toHaveLength(3);
  expect(left.filter((line) => !line.includes('{partition="8"}'))).toEqual([]);
});

describe('the log', () => {
  it('holds no secret of an error', () => {
    const { report, lines } = watch();
    for (const event of Object.values(EVERY_EVENT)) report(event);
    expect(lines().length).toBeGreaterThan(5);
    expect(JSON.stringify(lines())).not.toContain('hunter2');
    expect(lines().find(({ event }) => event === 'publish.failed')).toMatchObject({
      level: 'warn',
      sink: 'udp',
      err: { message: 'amqp://u:***@h is gone' },
    });
  });

  it('tells a repeat once a minute, and how many it kept back', async () => {
    const { report, lines, clock, text } = watch();
    for (let second = 0; second <= 60; second++) {
      report(EVERY_EVENT['poll.failed']);
      await clock.advance(1000);
    }
    expect(lines().map(({ repeats }) => repeats)).toEqual([undefined, 59]);
    expect(await text()).toContain(
      'hypermeter_poll_failures_total{hypervisor="kvm1",kind="libvirt",reason="timeout"} 61',
    );
  });

  it('keeps different subjects apart', () => {
    const { report, lines } = watch();
    report(EVERY_EVENT['poll.skipped']);
    report({ ...EVERY_EVENT['poll.skipped'], hypervisor: 'kvm2' });
    expect(lines().map(({ hypervisor }) => hypervisor)).toEqual(['kvm1', 'kvm2']);
  });

  it('takes an error for the same though its numbers are others', async () => {
    const { report, lines, clock } = watch();
    for (let ms = 0; ms < 50; ms++) {
      const error = new Error(`connect to 127.0.0.1:9092 failed (after ${ms} ms in state CONNECT)`);
      report({ event: 'kafka.trouble', client: 'producer', error });
      await clock.advance(10);
    }
    report({ event: 'kafka.trouble', client: 'producer', error: new Error('something else') });
    expect(lines()).toHaveLength(2);
  });

  it('writes a hundred lines of an event in a minute, and then how many more there were', async () => {
    const { report, lines, clock } = watch();
    const all = (): void => {
      for (let n = 0; n < 2000; n++) report({ ...EVERY_EVENT['endpoint.lost'], hypervisor: `kvm${n}` });
    };
    all();
    report(EVERY_EVENT['poll.failed']);
    await clock.advance(59_000);
    all();
    expect(lines()).toHaveLength(101);
    await clock.advance(1000);
    // Whatever happens next tells it, though it has no line.
    report(EVERY_EVENT['poll.done']);
    report(EVERY_EVENT['poll.done']);
    expect(lines().slice(101)).toEqual([
      expect.objectContaining({ level: 'warn', event: 'endpoint.lost', omitted: 1900 }),
    ]);
    all();
    expect(lines().slice(102)).toHaveLength(100);
    expect(lines().at(-1)).toMatchObject({ hypervisor: 'kvm99', repeats: 1 });
  });

  it('has no line of what comes for every poll, message, window or reading', () => {
    const { report, lines } = watch();
    const frequent = [
      'poll.done',
      'endpoint.call',
      'rows.read',
      'values.missing',
      'slices.sent',
      'message.read',
      'reading.dropped',
      'counter',
      'windows.emitted',
      'published',
      'state.kept',
      'lag',
    ] as const;
    for (const name of frequent) for (let n = 0; n < 10; n++) report(EVERY_EVENT[name]);
    expect(lines()).toEqual([]);
  });
});
