import { systemClock } from '../../pipeline/runtime/clock.ts';
import type { Agent } from './agent.ts';
import {
  begin,
  type Counters,
  countersOf,
  DISK,
  end,
  GUESTS,
  type Guest,
  NET,
  pidOf,
  resume,
  STUCK,
  suspend,
} from './guests.ts';
import { type Bounds, growthBetween, METERS, type Meter, type Rule, residual, totalOf } from './judge.ts';
import { INTERVAL_S, type Program } from './programs/program.ts';
import type { CountingProxy } from './proxy.ts';

const WORK_S = 30;
/** Once the events of guests that were let go are over, costs are counted so long. */
const CALM_S = 60;
/** A guest that is off is polled meanwhile. */
const OFF_S = 1.5 * INTERVAL_S;
const STOP_S = 30;
/** Until a program has put out what a stand of the guests was seen with. */
const PATIENCE_MS = 180_000;

/** A program under trial. */
export interface Entry {
  readonly program: Program;
  readonly proxy: CountingProxy;
  agent: Agent;
}

/** What one program made of one meter of one guest in one phase. */
export interface Total {
  readonly phase: string;
  readonly guest: string;
  readonly meter: Meter;
  readonly program: string;
  readonly rule: Rule;
  readonly truth: Bounds;
  /** Null: it gives no such meter. */
  readonly off: bigint | null;
}

/** What one program took in the minute in which nothing was done. */
export interface Cost {
  readonly program: string;
  readonly polls: number;
  readonly calls: number;
  readonly cpuNs: bigint;
}

export interface Outcome {
  readonly totals: readonly Total[];
  readonly costs: readonly Cost[];
  /** Of each program: in how many intervals it was given statistics of `DISK` while the QEMU of `STUCK` was stopped. */
  readonly seen: readonly number[];
  /** In how many it should have been. */
  readonly due: number;
}

/**
 * Every guest stands still between the phases until each program has put out what it read then, so that all growth of a phase is
 * between two readings: what it misses of that is the program's.
 */
export async function runTrial(
  entries: readonly Entry[],
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const sleepS = (seconds: number): Promise<void> => systemClock.sleep(1000 * seconds, signal);
  const stand = (): Promise<Standing> => standStill(entries, signal);
  const totals: Total[] = [];
  let from = await stand();
  /** `again`: the guests that `work` ends and starts; it has the others go on. */
  const phase = async (name: string, again: readonly Guest[], work: () => Promise<void>): Promise<void> => {
    tell(name);
    await work();
    const to = await stand();
    totals.push(...entries.flatMap(({ program }) => totalsOf(name, again, program, from, to)));
    from = to;
  };
  const goOn = async (...guests: readonly Guest[]): Promise<void> => {
    for (const guest of guests) await resume(guest);
  };

  let costs: readonly Cost[] = [];
  await phase('plain', [], async () => {
    await goOn(...GUESTS);
    await sleepS(INTERVAL_S);
    const before = entries.map(spent);
    await sleepS(CALM_S);
    costs = entries.map((entry, index) => costOf(entry, before[index] ?? spent(entry)));
  });
  await phase('guests restarted', [DISK, NET], async () => {
    await goOn(STUCK);
    await end(NET);
    await begin(NET);
    await end(DISK);
    await sleepS(OFF_S);
    await begin(DISK);
    await sleepS(WORK_S);
  });
  await phase('agents killed', [], async () => {
    await goOn(...GUESTS);
    await sleepS(WORK_S / 2);
    for (const entry of entries) {
      await entry.agent.kill();
      entry.agent = entry.program.start();
    }
    await sleepS(WORK_S / 2);
  });
  const given = (): readonly number[] => entries.map(({ proxy }) => proxy.answers(DISK.uuid));
  const seen = entries.map(() => 0);
  await phase('a QEMU stopped', [], async () => {
    await goOn(...GUESTS);
    const pid = pidOf(STUCK);
    process.kill(pid, 'SIGSTOP');
    try {
      for (let interval = 0; interval < STOP_S / INTERVAL_S; interval++) {
        const earlier = given();
        await sleepS(INTERVAL_S);
        for (const [index, count] of given().entries())
          if (count > (earlier[index] ?? 0)) seen[index] = (seen[index] ?? 0) + 1;
      }
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await sleepS(WORK_S / 2);
  });
  return { totals, costs, seen, due: STOP_S / INTERVAL_S };
}

/** Guests that stand still: their counters, and what each program has put out of them. */
interface Standing {
  readonly first: readonly Counters[];
  readonly last: readonly Counters[];
  readonly put: ReadonlyMap<Program, ReturnType<Program['readings']>>;
}

async function standStill(entries: readonly Entry[], signal: AbortSignal): Promise<Standing> {
  for (const guest of GUESTS) await suspend(guest);
  const seenAt = Date.now() + 1.5 * INTERVAL_S * 1000;
  const first = await Promise.all(GUESTS.map(countersOf));
  const late = Date.now() + PATIENCE_MS;
  for (const { program, agent } of entries)
    while (!hasSeen(program, seenAt)) {
      agent.check();
      if (Date.now() > late)
        throw new Error(`${program.name} has put out nothing of some guest for ${PATIENCE_MS / 1000} s`);
      await systemClock.sleep(200, signal);
    }
  const last = await Promise.all(GUESTS.map(countersOf));
  return { first, last, put: new Map(entries.map(({ program }) => [program, [...program.readings()]])) };
}

function hasSeen(program: Program, at: number): boolean {
  const readings = program.readings();
  const seen = (guest: string, meter: Meter): boolean =>
    readings.some((reading) => reading.guest === guest && reading.meter === meter && reading.at >= at);
  return GUESTS.every(({ name }) => METERS.every((meter) => seen(name, meter)));
}

function totalsOf(phase: string, again: readonly Guest[], program: Program, from: Standing, to: Standing): Total[] {
  return GUESTS.flatMap((guest, index) =>
    METERS.flatMap((meter) => {
      const key = meter === 'cpu' ? program.cpu : meter;
      const at = ({ first, last }: Standing) => ({ first: first[index]?.[key] ?? 0n, last: last[index]?.[key] ?? 0n });
      const truth = growthBetween(at(from), at(to), again.includes(guest));
      return program.rules.map((rule) => {
        const total = ({ put }: Standing): bigint | null => {
          const readings = put.get(program) ?? [];
          return totalOf(
            readings.filter((reading) => reading.guest === guest.name && reading.meter === meter),
            rule,
          );
        };
        const [earlier, later] = [total(from), total(to)];
        const off = later === null ? null : residual(later - (earlier ?? 0n), truth);
        return { phase, guest: guest.name, meter, program: program.name, rule, truth, off };
      });
    }),
  );
}

const spent = ({ program, proxy, agent }: Entry): Cost => ({
  program: program.name,
  polls: proxy.answers(DISK.uuid),
  calls: proxy.calls(),
  cpuNs: agent.cpuNs(),
});

function costOf(entry: Entry, before: Cost): Cost {
  const after = spent(entry);
  return {
    program: after.program,
    polls: after.polls - before.polls,
    calls: after.calls - before.calls,
    cpuNs: after.cpuNs - before.cpuNs,
  };
}
