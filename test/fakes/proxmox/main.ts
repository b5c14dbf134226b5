import { parseArgs } from 'node:util';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { FakeProxmox, TOKEN } from './fake-proxmox.ts';
import { sampleWorld } from './sample-world.ts';

/** `node dist/test/fakes/proxmox/main.js --nodes 3 --guests 50 --port 8006`: a cluster that runs until it is interrupted. */
const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '2' },
    guests: { type: 'string', default: '10' },
    port: { type: 'string', default: '0' },
    /** Minutes that its guests have run already. */
    history: { type: 'string', default: '60' },
  },
});
const startedAt = systemClock.now() - Number(values.history) * 60_000_000;
const sizes = { nodes: Number(values.nodes), guests: Number(values.guests) };
const fake = await FakeProxmox.start({
  world: sampleWorld({ now: systemClock.now, startedAt, ...sizes }),
  port: Number(values.port),
});
process.stdout.write(
  `${JSON.stringify({ url: [...fake.world.nodes.keys()].map((node) => fake.url(node)), ...TOKEN })}\n`,
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void fake.close());
