import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { amqpSection } from './sections/amqp.ts';
import { codecSection } from './sections/codec.ts';
import { kafkaSection } from './sections/kafka.ts';
import type { Plan } from './sections/plan.ts';
import { scaleSection } from './sections/scale.ts';
import { sendSection } from './sections/send.ts';
import { sinkSection } from './sections/sink.ts';
import { printed, type Section } from './table.ts';

/** `npm run bench [-- --quick]`: what each row means is in docs/benchmarks.md. */
const quick = process.argv.includes('--quick');

const large = { instancesPerHost: 800, slices: 4, snapshotsPerMessage: 1, identified: false };
const small = { instancesPerHost: 30, slices: 12, snapshotsPerMessage: 20, identified: false };

const sections: readonly ((plan: Plan) => Promise<Section>)[] = [
  (plan) =>
    kafkaSection(plan, 'Kafka, 200 instances a message', {
      fleet: { ...large, hosts: quick ? 7 : 70 },
      warmUp: quick ? 2 : 7,
      measured: quick ? 1 : 6,
      stages: ['consume', 'decode', 'accept', 'derive', 'checkpoint'],
    }),
  (plan) =>
    kafkaSection(plan, 'Kafka, hosts of 30 in 12 slices, 20 a message', {
      fleet: { ...small, hosts: 200 },
      warmUp: quick ? 2 : 5,
      measured: quick ? 1 : 3,
      stages: ['consume', 'decode', 'accept', 'derive'],
    }),
  scaleSection,
  codecSection,
  sinkSection,
  amqpSection,
  sendSection,
];

const folder = await mkdtemp(join(tmpdir(), 'hypermeter-bench-'));
const plan: Plan = { folder, runs: quick ? 1 : 3, quick };
try {
  process.stdout.write(`Node ${process.version}, ${process.platform} ${process.arch}; median of ${plan.runs}\n`);
  for (const section of sections) process.stdout.write(printed(await section(plan)));
} finally {
  await rm(folder, { recursive: true, force: true });
}
