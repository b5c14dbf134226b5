import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
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

/** `npm run bench [-- --quick] [--only amqp,send]`: what each row means is in docs/benchmarks.md. */
const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } } });
const { quick } = values;

const large = { instancesPerHost: 800, slices: 4, snapshotsPerMessage: 1, identified: false };
const small = { instancesPerHost: 30, slices: 12, snapshotsPerMessage: 20, identified: false };

const sections: Readonly<Record<string, (plan: Plan) => Promise<Section>>> = {
  kafka: (plan) =>
    kafkaSection(plan, 'Kafka, 200 instances a message', {
      fleet: { ...large, hosts: quick ? 7 : 70 },
      warmUp: quick ? 2 : 7,
      measured: quick ? 1 : 6,
      stages: ['consume', 'decode', 'accept', 'derive', 'checkpoint'],
    }),
  'kafka-small': (plan) =>
    kafkaSection(plan, 'Kafka, hosts of 30 in 12 slices, 20 a message', {
      fleet: { ...small, hosts: 200 },
      warmUp: quick ? 2 : 5,
      measured: quick ? 1 : 3,
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
const names = values.only?.split(',') ?? Object.keys(sections);
const chosen = names.map((name) => {
  const section = sections[name];
  if (section === undefined) throw new Error(`no section ${name}: there are ${Object.keys(sections).join(', ')}`);
  return section;
});

const folder = await mkdtemp(join(tmpdir(), 'hypermeter-bench-'));
const plan: Plan = { folder, runs: quick ? 1 : 3, quick };
try {
  process.stdout.write(`Node ${process.version}, ${process.platform} ${process.arch}; median of ${plan.runs}\n`);
  for (const section of chosen) process.stdout.write(printed(await section(plan)));
} finally {
  await rm(folder, { recursive: true, force: true });
}
