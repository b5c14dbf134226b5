import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { drawsOf } from '../../connectors/simulator/random.ts';
import { systemClock } from '../../pipeline/runtime/clock.ts';
import { type Brokers, startBrokers } from './brokers.ts';
import { bookSums, bookTable } from './collectors-books.ts';
import { type Fault, possibleFaults, type Scene } from './collectors-faults.ts';
import { type CollectorFleet, coordinationOf, createCollectorFleet, SESSION_S } from './collectors-fleet.ts';
import { trialOptions } from './collectors-options.ts';
import { createNetwork, HUB, whyNoNetwork } from './network.ts';
import { pollBook } from './poll-book.ts';

/** `npm run chaos -- collectors`: what it does is in its `--help`. */
const options = trialOptions();
const { minutes, endpoints, seed, intervalS } = options;

const startedAt = systemClock.monotonic();
const say = (text: string): void => {
  const at = ((systemClock.monotonic() - startedAt) / 1e6).toFixed(1);
  process.stderr.write(`${at.padStart(7)} s  ${text}\n`);
};

const COLLECTORS = 3;
const PORT = 19_892;
/** How long the group may take to deal, with a busy machine and brokers that have just begun. */
const SHARED_WITHIN_US = 180e6;
const CALM_S = 2 * intervalS + SESSION_S;
/** Set in the process that has a network of its own. */
const INSIDE = 'HYPERMETER_CHAOS_NETWORK';

async function main(isNetwork: boolean): Promise<number> {
  const name = `chaos.collectors.${process.pid}.${Date.now().toString(36)}`;
  const network = isNetwork ? await createNetwork(COLLECTORS) : null;
  const fleet = createCollectorFleet({
    brokers: options.brokers ? bootstrapOf(options.brokers, isNetwork) : options.kafka,
    replication: options.brokers ?? 1,
    spool: options.spool,
    ...(network === null ? {} : { inside: network.inside }),
    endpoints,
    collectors: COLLECTORS,
    intervalS,
    name,
  });
  const { collectors, pipeline, directory } = fleet;
  let brokers: Brokers | null = null;
  const clear = async (): Promise<void> => {
    fleet.clear(true);
    for (const server of brokers?.nodes.values() ?? []) await server.end();
    network?.clear();
    fleet.clear(options.keep);
  };
  process.once('SIGTERM', () => void clear().finally(() => process.exit(143)));
  try {
    brokers = await ownBrokers(join(directory, 'kafka'), isNetwork);
    say(`${endpoints} endpoints every ${intervalS} s, ${COLLECTORS} collectors, ${minutes} min, in ${directory}`);
    pipeline.start();
    for (const actor of collectors) actor.start();
    await untilShared(fleet);
    await systemClock.sleep(1000 * CALM_S);
    const awayS = options.awayS;
    const coordination = coordinationOf(name);
    const faults = await disturb({ collectors, intervalS, calmS: CALM_S, awayS, coordination, brokers, network, say });
    const until = systemClock.now();
    await systemClock.sleep(1000);
    const fenced = await fleet.figure(pipeline, 'hypermeter_readings_dropped_total', 'fenced');
    for (const actor of collectors) await actor.stop();
    say('the collectors have stopped; waiting for the last windows');
    await systemClock.sleep(5000);
    const audit = await fleet.audited();
    const book = pollBook(await fleet.polls(), intervalS * 1e6, until);
    const unclean = [...collectors, pipeline].flatMap((actor) => {
      const ends = actor.unasked().map((how) => `${actor.name} ${how}`);
      return ends.length === 0 ? [] : [...ends, ...fleet.errors(actor)];
    });
    process.stdout.write(bookTable(book));
    const sums = bookSums(book);
    process.stderr.write(`${JSON.stringify({ faults, ...sums, fenced, unclean, audit }, null, 2)}\n`);
    const total = Object.values(faults).reduce((sum, count) => sum + count, 0);
    const isWell = book.length === endpoints && book.every(({ missed }) => missed <= total);
    return isWell && sums.most_missed_in_a_row <= 1 && audit.code === 0 && unclean.length === 0 ? 0 : 1;
  } finally {
    await clear();
  }
}

/** Waits until every endpoint is polled, and by each collector some: whom a fault befalls has something to lose. */
async function untilShared(fleet: CollectorFleet): Promise<void> {
  for (const deadline = systemClock.monotonic() + SHARED_WITHIN_US; ; await systemClock.sleep(1000)) {
    const since = systemClock.now() - 2 * intervalS * 1e6;
    // There is no topic before the first of them has made it.
    const polls = (await fleet.polls().catch(() => [])).filter(({ startedAt }) => startedAt > since);
    const [polled, polling] = [polls.map(({ hypervisor }) => hypervisor), polls.map(({ collector }) => collector)];
    if (new Set(polled).size === endpoints && new Set(polling).size === COLLECTORS) return;
    if (systemClock.monotonic() > deadline) throw new Error('the collectors do not share the endpoints');
  }
}

const hostOf = (isNetwork: boolean): string => (isNetwork ? HUB : '127.0.0.1');
const bootstrapOf = (count: number, isNetwork: boolean): string =>
  Array.from({ length: count }, (_, index) => `${hostOf(isNetwork)}:${PORT + 2 * index}`).join(',');

async function ownBrokers(directory: string, isNetwork: boolean): Promise<Brokers | null> {
  const count = options.brokers;
  if (count === null) return null;
  say(`starting ${count === 1 ? 'a broker' : `${count} brokers`}`);
  return startBrokers({ directory, count, port: PORT, host: hostOf(isNetwork) });
}

async function disturb(scene: Scene): Promise<Readonly<Record<string, number>>> {
  const draw = drawsOf(seed);
  const possible = possibleFaults(scene);
  const names = options.faults ?? [...possible.keys()];
  const faults = names.map((name): [string, Fault] => {
    const fault = possible.get(name);
    if (fault === undefined)
      throw new Error(`no fault "${name}" with these options, only: ${[...possible.keys()].join(', ')}`);
    return [name, fault];
  });
  const happened = Object.fromEntries(names.map((name) => [name, 0]));
  const first = Math.floor(draw() * faults.length);
  for (let turn = first; turn === first || systemClock.monotonic() - startedAt < minutes * 60e6; turn++) {
    const [name, fault] = faults[turn % faults.length] as [string, Fault];
    const victim = Math.floor(draw() * scene.collectors.length);
    say(`${name}: ${scene.collectors[victim]?.name}`);
    happened[name] = (happened[name] ?? 0) + 1;
    await fault(scene, victim);
    await systemClock.sleep(1000 * CALM_S);
  }
  return happened;
}

/** Runs the trial once more in a network of its own, which ends with it. */
function mainInside(): Promise<number> {
  const words = ['--net', process.execPath, process.argv[1] ?? '', 'collectors', ...process.argv.slice(2)];
  const child = spawn('unshare', words, { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } });
  process.once('SIGTERM', () => void child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 143));
  });
}

const why = options.isNetwork && !(INSIDE in process.env) ? whyNoNetwork() : null;
if (why !== null) say(`WITHOUT the fault "partition": ${why}`);
const isOutside = options.isNetwork && why === null && !(INSIDE in process.env);
process.exitCode = isOutside ? await mainInside() : await main(options.isNetwork && why === null);
