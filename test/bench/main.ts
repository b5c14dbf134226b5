import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onlyOption, script } from '../script.ts';
import { amqpSection } from './sections/amqp.ts';
import { codecSection } from './sections/codec.ts';
import { collectorsSection } from './sections/collectors.ts';
import { kafkaSection } from './sections/kafka.ts';
import type { Plan } from './sections/plan.ts';
import { scaleSection } from './sections/scale.ts';
import { sendSection } from './sections/send.ts';
import { sinkSection } from './sections/sink.ts';
import { vsphereSection } from './sections/vsphere.ts';
import { xenapiSection } from './sections/xenapi.ts';
import { printed, type Section } from './table.ts';

const large = { instancesPerHost: 800, slices: 4, snapshotsPerMessage: 1, identified: false };
const small = { instancesPerHost: 30, slices: 12, snapshotsPerMessage: 20, identified: false };

const SECTIONS: Readonly<Record<string, (plan: Plan) => Promise<Section>>> = {
  kafka: (plan) =>
    kafkaSection(plan, 'Kafka, 200 instances a message', {
      fleet: { ...large, hosts: plan.quick ? 7 : 70 },
      warmUp: plan.quick ? 2 : 7,
      measured: plan.quick ? 1 : 6,
      stages: ['consume', 'decode', 'accept', 'derive', 'checkpoint'],
    }),
  'kafka-small': (plan) =>
    kafkaSection(plan, 'Kafka, hosts of 30 in 12 slices, 20 a message', {
      fleet: { ...small, hosts: 200 },
      warmUp: plan.quick ? 2 : 5,
      measured: plan.quick ? 1 : 3,
      stages: ['consume', 'decode', 'accept', 'derive'],
    }),
  scale: scaleSection,
  codec: codecSection,
  sink: sinkSection,
  amqp: amqpSection,
  send: sendSection,
  vsphere: vsphereSection,
  xenapi: xenapiSection,
  collectors: collectorsSection,
};

const NOTES = `Examples:
  npm run bench
  npm run bench -- --quick --only codec,sink
  KAFKA_BROKERS=kafka1:9092 npm run bench -- --only kafka

What each row means, and what one run gave: docs/benchmarks.md. Compare ratios of one run; nothing hangs on these figures.`;

const { quick, only } = script('npm run bench --', 'What a reading and a sample cost, as ratios of one run.', NOTES)
  .option('--quick', 'one run, hardly warmed up: a minute, and figures too high', false)
  .addOption(onlyOption(Object.keys(SECTIONS)))
  .parse()
  .opts<{ readonly quick: boolean; readonly only: readonly string[] }>();

const folder = await mkdtemp(join(tmpdir(), 'hypermeter-bench-'));
const plan: Plan = { folder, runs: quick ? 1 : 3, quick };
try {
  process.stdout.write(`Node ${process.version}, ${process.platform} ${process.arch}; median of ${plan.runs}\n`);
  for (const [name, section] of Object.entries(SECTIONS))
    if (only.includes(name)) process.stdout.write(printed(await section(plan)));
} finally {
  await rm(folder, { recursive: true, force: true });
}
