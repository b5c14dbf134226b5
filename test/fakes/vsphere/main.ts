import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { fleet } from './fleet.ts';
import { FakeVsphere } from './vsphere.ts';
import { World } from './world.ts';

const HELP = `main.js [--vms 100] [--hosts 4] [--port 0] [--mode vcenter|esx] [--user u] [--password p]
        [--key FILE --cert FILE] [--gzip] [--trust]

A fake vCenter (or ESX) on 127.0.0.1 whose machines run since an hour ago. Its address goes to stdout.
--key and --cert make it speak TLS; --trust leaves the check of QueryPerf's XML out.
`;

const { values } = parseArgs({
  options: {
    vms: { type: 'string', default: '100' },
    hosts: { type: 'string', default: '4' },
    port: { type: 'string', default: '0' },
    mode: { type: 'string', default: 'vcenter' },
    user: { type: 'string', default: 'u' },
    password: { type: 'string', default: 'p' },
    key: { type: 'string' },
    cert: { type: 'string' },
    gzip: { type: 'boolean', default: false },
    trust: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || (values.mode !== 'vcenter' && values.mode !== 'esx')) {
  process.stderr.write(HELP);
  process.exit(values.help ? 0 : 64);
}

const now = systemClock.now;
const bornAt = Math.floor(now() / 1e6) * 1e6 - 3_600_000_000;
const world = new World({ ...fleet(values.mode, Number(values.vms), Number(values.hosts), bornAt), now });
const { key, cert } = values;
const fake = await FakeVsphere.start({
  world,
  users: { [values.user]: values.password },
  port: Number(values.port),
  gzip: values.gzip,
  checksRequests: !values.trust,
  ...(key !== undefined && cert !== undefined && { tls: { key: readFileSync(key), cert: readFileSync(cert) } }),
});
process.stdout.write(`${fake.url}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void fake.close());
