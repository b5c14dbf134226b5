import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawsOf } from '../../connectors/simulator/random.ts';
import { portNumber, wholeNumber } from '../../pipeline/cli/options.ts';
import { systemClock } from '../../pipeline/runtime/clock.ts';
import { positive, script } from '../script.ts';
import { type Actor, createActor } from './actor.ts';
import { FAULTS, type Fault, type Stage } from './faults.ts';
import { MAIN } from './main-file.ts';
import { startBroker, startRedis } from './servers.ts';

const NOTES = `Faults of thirteen kinds, drawn by the seed. Then all is mended, what is under way comes to its end, and the auditor judges
what was published. It has a broker and a Redis of its own, on loopback. Figures as one JSON object on standard output.

Examples:
  npm run chaos -- storm
  npm run chaos -- storm --seed 11 --seconds 1200

Exit codes: 0 nothing is lost, wrong or doubled; 1 something is.`;

const {
  seed,
  seconds,
  keep,
  kafka: KAFKA_PORT,
  redis: REDIS_PORT,
} = script(
  'npm run chaos -- storm',
  'Pipelines, a collector, a broker and a Redis to which things happen at random.',
  NOTES,
)
  .option('--seed <n>', 'other faults', wholeNumber, 1)
  .option('--seconds <n>', 'how long things happen', positive, 120)
  .option('--kafka <port>', "its broker's port", portNumber, 19_492)
  .option('--redis <port>', "its Redis' port", portNumber, 26_379)
  .option('--keep', 'leave the directory with what the processes said and published', false)
  .parse()
  .opts<{
    readonly seed: number;
    readonly seconds: number;
    readonly keep: boolean;
    readonly kafka: number;
    readonly redis: number;
  }>();

const SLOTS = 4;
/** Time without faults in which windows close although nobody speaks: reorder, idleness, grace, window and a margin. */
const SETTLE_MS = 75_000;
/** From one fault to the next, seconds. */
const PAUSE = seconds <= 300 ? ([2, 8] as const) : ([5, 25] as const);

/** What ends everything at once. */
const ends: (() => void)[] = [];
const directory = mkdtempSync(join(tmpdir(), 'hypermeter-storm-'));
const draw = drawsOf(seed);
const startedAt = systemClock.monotonic();
const say = (text: string): void => {
  const at = ((systemClock.monotonic() - startedAt) / 1e6).toFixed(1);
  process.stderr.write(`${at.padStart(7)} s  ${text}\n`);
};

function configOf(slot: number): string {
  const file = join(directory, `slot${slot}.yaml`);
  const name = 'storm';
  const config = {
    service: { id: `slot${slot}` },
    kafka: {
      brokers: [`127.0.0.1:${KAFKA_PORT}`],
      topics: { raw: name, deadLetters: `${name}.dead` },
      group: name,
      partitions: 6,
      librdkafka: { 'session.timeout.ms': 6000, 'heartbeat.interval.ms': 500 },
    },
    collector: { interval: '1s', linger: '20ms' },
    connectors: [
      {
        type: 'simulator',
        name: 'sim',
        hosts: 3,
        instances: 24,
        seed,
        faults: { reboot: 40, migrate: 40, hostAway: 20, wrap32: 0.5, skew: 0.2 },
      },
    ],
    pipeline: { windows: [{ size: '3s' }, { size: '10s' }], reorder: '2s' },
    meters: ['cpu*', 'disk.device.read.bytes*', 'network.incoming.bytes*', 'memory.usage'],
    state: { type: 'redis', url: `redis://127.0.0.1:${REDIS_PORT}`, every: '200ms' },
    sinks: [{ type: 'file', path: join(directory, `meters${slot}.jsonl`) }],
    ops: { listen: '127.0.0.1:0' },
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

function actorOf(name: string, role: 'collect' | 'pipeline', slot: number): Actor {
  const log = createWriteStream(join(directory, `${name}.log`), { flags: 'a' });
  return createActor(
    name,
    () => spawn(process.execPath, [MAIN, role, '-c', configOf(slot)], { stdio: ['ignore', 'ignore', 'pipe'] }),
    log,
  );
}

async function main(): Promise<number> {
  mkdirSync(directory, { recursive: true });
  const broker = startBroker(join(directory, 'kafka'), KAFKA_PORT);
  const redis = await startRedis(join(directory, 'redis'), REDIS_PORT);
  const collector = actorOf('collector', 'collect', 0);
  const pipelines = Array.from({ length: SLOTS }, (_, slot) => actorOf(`pipeline${slot}`, 'pipeline', slot));
  ends.push(
    () => void broker.end(),
    () => void redis.end(),
    ...[collector, ...pipelines].map((actor) => () => actor.kill()),
  );
  const stage: Stage = { broker, redis, collector, pipelines, sleep: (ms) => systemClock.sleep(ms) };
  const happened: Record<string, number> = {};
  try {
    say(`seed ${seed}, ${seconds} s, in ${directory}`);
    for (const actor of [collector, pipelines[0], pipelines[1]]) actor?.start();
    await systemClock.sleep(8000);
    while (systemClock.monotonic() - startedAt < seconds * 1e6) {
      const [name, fault] = chosen();
      say(name);
      happened[name] = (happened[name] ?? 0) + 1;
      await fault(stage, draw);
      await systemClock.sleep(1000 * (PAUSE[0] + draw() * (PAUSE[1] - PAUSE[0])));
    }
    say('mending everything');
    await broker.mend();
    await redis.mend();
    collector.mend();
    pipelines[0]?.mend();
    pipelines[1]?.mend();
    for (const actor of pipelines) actor.resume();
    await systemClock.sleep(20_000);
    say('the collector stops; waiting for the last windows');
    await collector.stop();
    await systemClock.sleep(SETTLE_MS);
    await Promise.all(pipelines.map((actor) => actor.stop()));
    const audit = await audited();
    const unclean = [collector, ...pipelines].flatMap(({ name, unasked }) => unasked().map((how) => `${name} ${how}`));
    process.stdout.write(`${JSON.stringify({ seed, seconds, faults: happened, unclean, ...audit })}\n`);
    return audit.code === 0 && unclean.length === 0 ? 0 : 1;
  } finally {
    for (const actor of [collector, ...pipelines]) actor.kill();
    await redis.end();
    await broker.end();
    if (!keep) rmSync(directory, { recursive: true, force: true });
  }
}

function chosen(): readonly [string, Fault] {
  const names = Object.keys(FAULTS);
  const name = names[Math.floor(draw() * names.length)] as string;
  return [name, FAULTS[name] as Fault];
}

/** What the auditor finds, without the meters one by one. */
async function audited(): Promise<Record<string, unknown> & { readonly code: number | null }> {
  const files = readdirSync(directory).filter((name) => /^meters\d/.test(name));
  const paths = files.map((name) => join(directory, name));
  const words = ['audit', '-c', configOf(0), '--final', '-o', 'json', '--published', ...paths];
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const { meters: _, ...figures } = JSON.parse(text || '{}');
  return { code, ...figures };
}

process.once('SIGTERM', () => {
  for (const end of ends) end();
  process.exit(143);
});
process.exitCode = await main();
