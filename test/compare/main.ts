import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exactJson } from '../../pipeline/runtime/json.ts';
import { onlyOption, script } from '../script.ts';
import { available, provide, type ServiceName } from '../services/service.ts';
import { LIBVIRT } from '../system/guest.ts';
import { create, daemonVersion, GUESTS, others, remove } from './guests.ts';
import { ceilometer } from './programs/ceilometer.ts';
import { hypermeter } from './programs/hypermeter.ts';
import { INTERVAL_S, type Place, type Program } from './programs/program.ts';
import { telegraf } from './programs/telegraf.ts';
import { startProxy } from './proxy.ts';
import { hasLost, report } from './report.ts';
import { type Entry, runTrial } from './trial.ts';

const BROKERS = '127.0.0.1:19092';
type Make = (place: Place) => Program | Promise<Program>;
const PROGRAMS: Readonly<Record<string, readonly [make: Make, needs: ServiceName | null]>> = {
  ceilometer: [ceilometer, 'ceilometerPolling'],
  telegraf: [telegraf, 'telegraf'],
  hypermeter: [hypermeter, null],
};
const NOTES = `Examples:
  npm run compare
  npm run compare -- --only telegraf,hypermeter --keep

Some seven minutes, as root; docs/comparison.md says what is run, what it needs and what each figure means.
Exit codes: 0 Hypermeter's totals are libvirt's throughout; 1 they are not, or something is missing here.`;

const { only: chosen, keep } = script(
  'npm run compare --',
  "Ceilometer's, Telegraf's and Hypermeter's totals of the same guests, against libvirt's.",
  NOTES,
)
  .addOption(onlyOption(Object.keys(PROGRAMS)))
  .option('--keep', 'leave what the programs were told, said and put out', false)
  .parse()
  .opts<{ readonly only: readonly string[]; readonly keep: boolean }>();

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
const tell = (text: string): void => void process.stdout.write(`${text}\n`);

const missing: ServiceName[] = [];
for (const name of ['libvirt', 'kafka'] as const) if (!(await available(name))) missing.push(name);
if (missing.length > 0) {
  for (const name of missing) tell(`${name} is not running: ${provide(name)}`);
  process.exitCode = 1;
} else await compare();

async function compare(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hypermeter-compare-'));
  const entries: Entry[] = [];
  try {
    for (const guest of GUESTS) {
      await remove(guest);
      await create(guest, folder);
    }
    const domains = `${GUESTS.length} guests, and ${await others()} others`;
    tell(`${domains} on ${LIBVIRT}, libvirt ${await daemonVersion()}; every ${INTERVAL_S} s`);
    for (const [name, [make, needs]] of Object.entries(PROGRAMS)) {
      if (!chosen.includes(name)) continue;
      if (needs === null || (await available(needs))) entries.push(await begin(make, join(folder, name)));
      else tell(`without ${name}, which is not installed: ${provide(needs)}`);
    }
    if (entries.length === 0) {
      process.exitCode = 1;
      return;
    }
    const outcome = await runTrial(entries, tell, stop.signal);
    tell(report(outcome));
    if (hasLost(outcome, 'Hypermeter')) process.exitCode = 1;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    tell(String(stop.signal.reason));
    process.exitCode = 1;
  } finally {
    for (const { agent, program, proxy } of entries) {
      await agent.kill();
      await program.close();
      proxy.close();
      if (keep) await writeFile(join(folder, `${program.name}.json`), exactJson(program.readings(), 1));
    }
    for (const guest of GUESTS) await remove(guest);
    if (keep) tell(`kept: ${folder}`);
    else await rm(folder, { recursive: true });
  }
}

async function begin(make: Make, folder: string): Promise<Entry> {
  await mkdir(folder);
  const proxy = await startProxy(Number(new URL(LIBVIRT).port));
  const program = await make({ uri: proxy.uri, folder, brokers: BROKERS });
  return { program, proxy, agent: program.start() };
}
