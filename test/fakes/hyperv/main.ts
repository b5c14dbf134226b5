import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { fleet } from './fleet.ts';
import { FakeHyperv } from './hyperv.ts';
import { World } from './world.ts';

const HELP = `main.js [--hosts 1] [--vms 10] [--port 0] [--user meter] [--password secret] [--domain EXAMPLE]
        [--key FILE --cert FILE] [--basic] [--plain]

Fake Hyper-V hosts on 127.0.0.1, at ports from --port on, with --vms machines each that run since an hour ago.
Their addresses go to stdout. --key and --cert make them speak TLS; --basic offers Basic; --plain takes bodies that
are not sealed over HTTP, too.
`;

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '1' },
    vms: { type: 'string', default: '10' },
    port: { type: 'string', default: '0' },
    user: { type: 'string', default: 'meter' },
    password: { type: 'string', default: 'secret' },
    domain: { type: 'string', default: 'EXAMPLE' },
    key: { type: 'string' },
    cert: { type: 'string' },
    basic: { type: 'boolean', default: false },
    plain: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stderr.write(HELP);
  process.exit(0);
}

const { user, password, domain, basic, plain, key, cert } = values;
const [hosts, port] = [Number(values.hosts), Number(values.port)];
const now = systemClock.now;
const bornAt = Math.floor(now() / 1e6) * 1e6 - 3_600_000_000;
const world = new World({ ...fleet(Number(values.vms) * hosts, hosts, bornAt), now });
const fakes: FakeHyperv[] = [];
for (const host of world.hosts.keys()) {
  fakes.push(
    await FakeHyperv.start({
      world,
      host,
      domain,
      accounts: [{ user, password, domain }],
      basic,
      allowUnencrypted: plain,
      port: port === 0 ? 0 : port + fakes.length,
      ...(key !== undefined && cert !== undefined && { tls: { key: readFileSync(key), cert: readFileSync(cert) } }),
    }),
  );
}
process.stdout.write(`${fakes.map(({ url }) => url).join('\n')}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void Promise.all(fakes.map((fake) => fake.close())));
