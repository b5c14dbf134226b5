import type { Sight } from '../broadcast.ts';
import type { FleetRow, Overview } from '../model.ts';
import { problemsOf } from '../problems.ts';
import type { Known } from './link.ts';
import { type Member, membersOf, statusesOf } from './member.ts';
import { mergeKafka, mergeSinks, mergeSpools, mergeStores } from './merge-around.ts';
import { mergeRows, mergeSums } from './merge-fleet.ts';
import { mergePipelines } from './merge-pipeline.ts';
import { MergedTrend } from './merge-trend.ts';
import { processProblems } from './whole-problems.ts';
import { wholeVerdict } from './whole-verdict.ts';

/** What is told of the page itself. Times in milliseconds. */
export interface About {
  readonly version: string;
  readonly startedAt: number;
  /** Wall clock. */
  now(): number;
}

/** Several processes as one. */
export class Whole implements Sight {
  readonly #known: () => readonly Known[];
  readonly #lost: () => readonly string[];
  readonly #about: About;
  readonly #trend = new MergedTrend();

  constructor(known: () => readonly Known[], lost: () => readonly string[], about: About) {
    this.#known = known;
    this.#lost = lost;
    this.#about = about;
  }

  members(): readonly Member[] {
    const known = this.#known();
    return membersOf(known, statusesOf(known));
  }

  rows(): readonly FleetRow[] {
    return mergeRows(this.members());
  }

  overview(rows: readonly FleetRow[]): Overview {
    const known = this.#known();
    const processes = statusesOf(known);
    const members = membersOf(known, processes);
    const { version, startedAt, now } = this.#about;
    this.#trend.take(members, now());
    const reasons = members.flatMap(({ name, state, overview }) =>
      state === 'live' && overview?.ready === false ? [`${name}: ${overview.reasons.join(', ')}`] : [],
    );
    const look = {
      version,
      role: 'page',
      service: members.length === 1 ? '1 process' : `${members.length} processes`,
      host: null,
      startedAt,
      now: now(),
      ready: reasons.length === 0,
      reasons,
      fleet: mergeSums(members, rows),
      pipeline: mergePipelines(members),
      sinks: mergeSinks(members),
      kafka: mergeKafka(members),
      store: mergeStores(members),
      spool: mergeSpools(members),
      trend: this.#trend.trend(),
      processes,
    };
    const problems = [...processProblems(members, this.#lost()), ...problemsOf(look)];
    const isError = ({ severity }: (typeof problems)[number]): boolean => severity === 'error';
    return {
      ...look,
      verdict: wholeVerdict(look, rows, members),
      problems: [...problems.filter(isError), ...problems.filter((problem) => !isError(problem))],
    };
  }

  step(): void {
    this.#trend.take(this.members(), this.#about.now());
  }
}
