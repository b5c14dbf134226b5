import { SliceReader } from '../../../../avro/reader.ts';
import { createTally, type Tally } from '../../../../pipeline/model/flags.ts';
import type { Limits } from '../../../../pipeline/model/limits.ts';
import {
  accept,
  createPartition,
  type Outcome,
  type Partition,
  refill,
  tick,
} from '../../../../pipeline/model/partition.ts';
import { sourceOf } from '../../../../pipeline/model/progress.ts';
import { residual } from '../../../../pipeline/model/residual.ts';
import { restorePartition, takeChanges } from '../../../../pipeline/model/saved.ts';
import { type Came, cameOf } from './came.ts';
import { type Message, messagesOf } from './messages.ts';
import type { Load, Script } from './script.ts';
import { formatTime, ZERO } from './times.ts';

/** What a script brought about. */
export interface Played {
  readonly came: readonly Came[];
  readonly tally: Tally;
  /** Where the books did not balance: what was counted is not what the counters moved by (`model/residual.ts`). */
  readonly unbalanced: readonly string[];
}

/** Is the process ended and another one given its saved state, is the clock looked at, before every message? */
export type Between = 'nothing' | 'crash' | 'look';

/** Late enough for every window to be closed, and too early for anything to be forgotten. */
const DRAIN_US = 86_400e6;

/** Plays the log of a script through a partition, and the wall clock with it. */
export function play(script: Script, between: Between = 'nothing'): Played {
  const { rules } = script;
  const messages = messagesOf(script);
  const worker = createWorker(script, messages);
  const came: Came[] = [];
  const tally = createTally();
  const unbalanced: string[] = [];
  const keep = ({ closed, tally: more }: Outcome, at: number): void => {
    came.push(...cameOf(closed, rules.windows.sizes, at));
    add(tally, more);
    const off = residual(worker.partition());
    if (off !== 0n) unbalanced.push(`at ${formatTime(at)} the books are off by ${off}`);
  };
  for (const step of stepsOf(script, messages)) {
    if (between === 'crash') worker.crash();
    if (between === 'look') keep(worker.look(step.at), step.at);
    keep(step.message ? worker.accept(step.message) : worker.look(step.at), step.at);
  }
  return { came, tally, unbalanced };
}

interface Step {
  /** Since the zero. */
  readonly at: number;
  /** Null: the clock is looked at. */
  readonly message: Message | null;
}

function stepsOf({ ticks, drain }: Script, messages: readonly Message[]): readonly Step[] {
  const steps: readonly Step[] = [
    ...messages.map((message) => ({ at: message.recordedAt - ZERO, message })),
    ...ticks.map((at) => ({ at, message: null })),
  ];
  const inOrder = steps.toSorted((a, b) => a.at - b.at);
  const end = (inOrder.at(-1)?.at ?? 0) + DRAIN_US;
  return drain ? [...inOrder, { at: end, message: null }] : inOrder;
}

/** A partition as the messages so far made it, which may be lost and restored. */
function createWorker({ rules, loads }: Script, messages: readonly Message[]) {
  const store = new Map<string, Buffer>();
  let partition = createPartition(rules);
  let next = 0;
  const read = (message: Message) => new SliceReader().read(message.bytes);
  return {
    partition: (): Partition => partition,
    look: (at: number): Outcome => tick(partition, rules, ZERO + at),
    accept(message: Message): Outcome {
      setLimits(partition, loads, message);
      const record = { offset: next, time: message.recordedAt, length: message.bytes.length };
      next++;
      return accept(partition, rules, read(message), record);
    },
    /** What is left is what was saved. */
    crash(): void {
      const { partition: bytes, changed, gone, resumeOffset } = takeChanges(partition, next);
      for (const key of gone) store.delete(key);
      for (const [key, record] of changed) store.set(key, record);
      ({ partition } = restorePartition(rules, { partition: bytes, instances: new Map(store) }));
      for (let again = resumeOffset; again < next; again++) {
        refill(partition, rules, read(messages[again] as Message), again);
      }
    },
  };
}

/** Gives the source of a message the widths and rates of the script, where it says some; else its kind has them. */
function setLimits({ progress }: Partition, loads: readonly Load[], { source }: Message): void {
  const limited = loads.filter((load) => load.source === source.hypervisor && load.width + load.maxRate > 0);
  if (limited.length === 0) return;
  const bits: number[][] = [[], [], []];
  const rates: number[][] = [[], [], []];
  for (const { series, width, maxRate } of limited) {
    (bits[series.kind] as number[])[series.field] = width;
    (rates[series.kind] as number[])[series.field] = maxRate;
  }
  const limits: Limits = { bits, rates };
  Object.assign(sourceOf(progress, source), { limits });
}

function add(sum: Tally, more: Tally): void {
  for (const part of ['drops', 'events'] as const) {
    const into: Record<string, number> = sum[part];
    for (const [name, count] of Object.entries(more[part])) into[name] = (into[name] ?? 0) + count;
  }
}
