import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { selfSigned } from '../certificate.ts';
import { FakePool } from './fake-pool.ts';
import { sampleWorld } from './sample-world.ts';

/** `node dist/test/fakes/xenapi/main.js --hosts 100 --vms 50 --port 8080`: a pool that runs until it is interrupted. */
const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '2' },
    vms: { type: 'string', default: '10' },
    port: { type: 'string', default: '0' },
    /** Minutes that its VMs have run already. */
    history: { type: 'string', default: '120' },
    addressing: { type: 'string', default: 'ip' },
    /** Speak TLS, with a certificate that it makes itself. */
    tls: { type: 'boolean', default: false },
  },
});
const startedAt = systemClock.now() - Number(values.history) * 60_000_000;
const world = sampleWorld({ startedAt, hosts: Number(values.hosts), vms: Number(values.vms) });
const addressing = values.addressing === 'port' ? 'port' : 'ip';
const tls = values.tls ? selfMade() : undefined;
const pool = await FakePool.start({ world, port: Number(values.port), addressing, ...(tls && { tls }) });
process.stdout.write(`${JSON.stringify({ url: pool.url(), user: 'root', password: 'secret' })}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void pool.close());

function selfMade() {
  const directory = mkdtempSync(join(tmpdir(), 'hypermeter-xen.'));
  const certificate = selfSigned(directory, { hosts: Number(values.hosts) });
  rmSync(directory, { recursive: true });
  return certificate;
}
