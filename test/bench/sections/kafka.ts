import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Stage } from '../chain.ts';
import { C_REMEDY, type CConsumer, compileConsumer } from '../compiled.ts';
import type { Fleet } from '../fleet.ts';
import { inProcess, median, repeated } from '../measure.ts';
import { type Stretches, writeStretches } from '../stretch.ts';
import type { Line, Section } from '../table.ts';
import type { BrokerAnswer, BrokerArgs } from '../variants/broker.ts';
import type { ConsumeAnswer, ConsumeArgs } from '../variants/consume.ts';
import type { Plan } from './plan.ts';

interface Cost {
  readonly nsPerReading: number;
  readonly readings: number;
  readonly bytes: number;
}

/** Of which fleet, and how many stretches of a million readings before and in the measurement. */
export interface Volume {
  readonly fleet: Fleet;
  readonly warmUp: number;
  readonly measured: number;
  readonly stages: readonly Stage[];
}

const STATELESS_WARM_UP = 2;

const NAMES: Readonly<Record<Stage, string>> = {
  consume: 'consume',
  decode: 'consume + decode',
  accept: 'consume + decode + windows',
  derive: 'consume + decode + windows + samples',
  checkpoint: 'consume + decode + windows + samples + checkpoints',
};

/** From a topic to finished windows, against a C program on the same topic. */
export async function kafkaSection(plan: Plan, title: string, volume: Volume): Promise<Section> {
  const { fleet, warmUp, measured } = volume;
  const name = `hypermeter.bench.${process.pid}.${fleet.instancesPerHost}`;
  const stretches = await writeStretches(plan.folder, name, fleet, warmUp + measured);
  const compiled = await compileConsumer(plan.folder);
  const broker = await startBroker(stretches, name);
  try {
    return await against(plan, title, volume, stretches, broker.topics, compiled);
  } finally {
    broker.stop();
  }
}

async function against(
  plan: Plan,
  title: string,
  volume: Volume,
  stretches: Stretches,
  topics: BrokerAnswer,
  compiled: CConsumer | null,
): Promise<Section> {
  const { warmUp } = volume;
  const readings = stretches.readings.slice(warmUp).reduce((sum, each) => sum + each, 0);
  const inC = (mode: 'consume' | 'decode') => compiled && cCost(plan, compiled, mode, topics, warmUp, readings);
  const inJs = (stage: Stage) => jsCost(plan, stage, topics, warmUp, readings);
  const cConsume = await inC('consume');
  const cDecode = await inC('decode');
  const base = cDecode?.nsPerReading ?? null;
  const lines: Line[] = [];
  if (cConsume && cDecode) {
    lines.push(lineOf('C: consume', cConsume, base, 'of C consume + decode'));
    lines.push(lineOf('C: consume + decode', cDecode, base, 'of C consume + decode'));
  }
  for (const stage of volume.stages) {
    lines.push(lineOf(`Hypermeter: ${NAMES[stage]}`, await inJs(stage), base, 'of C consume + decode'));
  }
  const remarks = cDecode ? [] : [`C not measured: ${C_REMEDY}`];
  return { title: `${title} (${stretches.series} series)`, lines, remarks };
}

/** The ratio says how much of C's throughput a CPU second gives: 1 = as much. */
const lineOf = (what: string, cost: Cost, base: number | null, against: string): Line => ({
  what,
  value: cost.nsPerReading,
  unit: 'ns/reading',
  ratio: base === null ? null : base / cost.nsPerReading,
  against: base === null ? '' : against,
});

async function jsCost(
  plan: Plan,
  stage: Stage,
  { brokers, partitions, topics }: BrokerAnswer,
  warmUp: number,
  readings: number,
): Promise<Cost> {
  // Without windows there is no state to fill: a short warm-up has to do.
  const skipped = stage === 'consume' || stage === 'decode' ? Math.max(0, warmUp - STATELESS_WARM_UP) : 0;
  const args: ConsumeArgs = { brokers, partitions, topics: topics.slice(skipped), warmUp: warmUp - skipped, stage };
  const runs = await repeated(plan.runs, () => inProcess<ConsumeArgs, ConsumeAnswer>('consume', args));
  const run = median(runs, ({ cpuNs }) => cpuNs);
  if (stage !== 'consume' && run.readings !== readings) throw new Error(`${run.readings} readings of ${readings}`);
  return { nsPerReading: run.cpuNs / readings, readings, bytes: run.bytes };
}

async function cCost(
  plan: Plan,
  compiled: CConsumer,
  mode: 'consume' | 'decode',
  { brokers, partitions, topics }: BrokerAnswer,
  warmUp: number,
  readings: number,
): Promise<Cost> {
  const runs = await repeated(plan.runs, async () => {
    const all = await compiled(mode, brokers, partitions, topics.slice(warmUp));
    const sum = (key: 'cpuNs' | 'bytes' | 'readings') => all.reduce((total, each) => total + each[key], 0);
    return { cpuNs: sum('cpuNs'), bytes: sum('bytes'), readings: sum('readings') };
  });
  const run = median(runs, ({ cpuNs }) => cpuNs);
  if (mode === 'decode' && run.readings !== readings) throw new Error(`C saw ${run.readings} readings of ${readings}`);
  return { nsPerReading: run.cpuNs / readings, readings, bytes: run.bytes };
}

/** The broker, or what fills topics at a real one, as a process that lives until `stop`. */
async function startBroker(stretches: Stretches, name: string) {
  const brokers = process.env.KAFKA_BROKERS?.split(',') ?? null;
  const args: BrokerArgs = { brokers, stretches, name };
  const child = fork(fileURLToPath(new URL('../variants/broker.js', import.meta.url)), [JSON.stringify(args)]);
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the broker's process ended with ${code}`);
  });
  const [topics] = (await Promise.race([once(child, 'message'), ended])) as [BrokerAnswer];
  ended.catch(() => undefined);
  return { topics, stop: () => child.kill('SIGKILL') };
}
