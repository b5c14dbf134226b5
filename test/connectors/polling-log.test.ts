import { expect, test } from 'vitest';
import { type Endpoint, EndpointError } from '../../connectors/connector.ts';
import { pollEndpoint } from '../../connectors/polling.ts';
import { createMetrics } from '../../pipeline/runtime/metrics.ts';
import { observe } from '../../pipeline/runtime/observe.ts';
import { collectedLog } from '../pipeline/runtime/collected.ts';
import { handClock } from './hand-clock.ts';

const INTERVAL_MS = 10_000;
const MINUTES = 10;

/** The lines of ten minutes with an endpoint. */
async function linesOf(connect: Endpoint['connect']) {
  const clock = handClock();
  const { log, lines } = collectedLog();
  const report = observe(createMetrics({ version: '1', node: '1', librdkafka: '1' }), log, clock);
  const endpoint: Endpoint = { id: 'kvm1', kind: 'libvirt', connect };
  const subscription = pollEndpoint(endpoint, { intervalMs: INTERVAL_MS }, { clock, report }).snapshots.subscribe();
  for (let second = 0; second < MINUTES * 60; second++) await clock.advance(1000);
  subscription.unsubscribe();
  return lines().map(({ event, repeats }) => ({ event, repeats }));
}

const named = (lines: Awaited<ReturnType<typeof linesOf>>, name: string) => lines.filter(({ event }) => event === name);

test('a host that is down is told of once a minute, with how often it was tried meanwhile', async () => {
  const lines = await linesOf(() => Promise.reject(new EndpointError('refused', 'kvm1', 'nobody listens')));
  expect(new Set(lines.map(({ event }) => event))).toEqual(new Set(['endpoint.lost']));
  expect(lines.length).toBeGreaterThan(MINUTES / 2);
  expect(lines.length).toBeLessThanOrEqual(MINUTES + 1);
});

test('one that fails every poll is told of once a minute for each thing that happens', async () => {
  const lines = await linesOf(async () => ({
    poll: () => Promise.reject(new EndpointError('timeout', 'kvm1', 'no answer')),
    closed: new Promise(() => undefined),
    close: async () => undefined,
  }));
  const names = ['poll.failed', 'endpoint.lost', 'endpoint.connected'];
  expect(new Set(lines.map(({ event }) => event))).toEqual(new Set(names));
  for (const name of names) expect(named(lines, name).length).toBeLessThanOrEqual(MINUTES + 1);
  expect(named(lines, 'poll.failed').some(({ repeats }) => Number(repeats) >= 3)).toBe(true);
});
