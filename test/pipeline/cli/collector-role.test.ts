import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { decodeClaim } from '../../../connectors/assignment/claim.ts';
import type { Endpoint } from '../../../connectors/connector.ts';
import { collectorRole } from '../../../pipeline/cli/collector-role.ts';
import { schema } from '../../../pipeline/cli/composition.ts';
import { openCluster } from '../../../pipeline/kafka/cluster.ts';
import { openConsumer } from '../../../pipeline/kafka/consumer.ts';
import { parseSettings } from '../../../pipeline/runtime/config/load.ts';
import { available } from '../../services/service.ts';
import { listening, pullUntil, unique } from '../kafka/fixtures.ts';

const SLOW = { timeout: 40_000, interval: 50 };

/** A hypervisor that answers nothing once it is polled, not even its end. */
function hanging() {
  const seen = { polls: 0 };
  const endpoint: Endpoint = {
    id: 'kvm1',
    kind: 'simulator',
    connect: async () => ({
      closed: new Promise(() => undefined),
      poll: () => {
        seen.polls++;
        return new Promise(() => undefined);
      },
      close: () => new Promise(() => undefined),
    }),
  };
  const kind = {
    kind: 'simulator',
    schema: z.looseObject({ type: z.string(), name: z.string() }),
    create: () => endpoint,
  };
  return { seen, kind };
}

it.skipIf(!(await available('kafka')))(
  'lets go of its share before it ends, also of an endpoint that hangs [kafka]',
  { timeout: 90_000 },
  async () => {
    const topic = unique('stopped');
    const config = parseSettings(schema, {
      kafka: { brokers: ['127.0.0.1:19092'], topics: { raw: `${topic}.raw` }, partitions: 1 },
      collector: { interval: '1m', timeout: '1m', group: { topic, name: topic, partitions: 2, sessionTimeout: '6s' } },
      connectors: [{ name: 'kvm1', type: 'simulator', interval: '1s' }],
    });
    const { context, events } = listening();
    const cluster = await openCluster(config.kafka, context);
    onTestFinished(() => cluster.close());
    const { seen, kind } = hanging();
    const prepared = { ...cluster, partitions: 1 };
    const shared = { config, runtime: context, cluster: () => prepared, env: {} };
    const role = collectorRole(shared, [kind], 4000);
    await role.start?.(new AbortController().signal);
    await expect.poll(() => seen.polls, SLOW).toBeGreaterThan(0);
    await expect.poll(() => claimedIn(events), SLOW).toBe(2);
    const begun = Date.now();
    await role.stop?.(new AbortController().signal);
    const stopped = Date.now();
    expect(stopped - begun).toBeLessThan(6000);

    const reader = await openConsumer({ ...cluster, config: { ...cluster.config, group: unique('reader') } }, topic);
    onTestFinished(() => reader.close());
    reader.assign([0, 1].map((partition) => ({ partition, offset: 0 })));
    const isRelease = ({ value }: { readonly value: Buffer }) => decodeClaim(value)?.released === true;
    const read = await pullUntil(reader, (all) => all.filter(isRelease).length === 2);
    for (const { timestampUs } of read) expect(timestampUs / 1000).toBeLessThanOrEqual(stopped);
  },
);

const claimedIn = (events: readonly { readonly event: string }[]): number =>
  events.filter(({ event }) => event === 'coordination.claimed').length;
