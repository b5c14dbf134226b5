import type { Audited } from './audits.ts';
import type { PodBook } from './pod-book.ts';
import type { Check } from './pod-checks.ts';

/** What was done, and how long it took until all was ready again; seconds. */
export interface Timed {
  readonly what: string;
  readonly seconds: number;
}

/** Everything that a run came to. */
export interface Figures {
  readonly times: readonly Timed[];
  readonly checks: readonly Check[];
  readonly pods: PodBook;
  readonly audits: readonly Audited[];
  /** Seconds from SIGTERM to SIGKILL, and those in which the program promises to be gone. */
  readonly graceS: number;
}

/** How long each pod took that was told to stop, from then until its container had ended; seconds. */
const drainsOf = (pods: PodBook): readonly { readonly name: string; readonly seconds: number }[] =>
  [...pods.values()].flatMap(({ name, stoppingAt, endedAt }) =>
    stoppingAt === null || endedAt === null ? [] : [{ name, seconds: (endedAt - stoppingAt) / 1e6 }],
  );

/** And from when each pod was there until it was ready. */
const startsOf = (pods: PodBook): readonly number[] =>
  [...pods.values()].flatMap(({ addedAt, readyAt }) => (readyAt === null ? [] : [(readyAt - addedAt) / 1e6]));

const sum = (audits: readonly Audited[], of: (audited: Audited) => number): number =>
  audits.reduce((total, each) => total + Math.abs(of(each)), 0);

/** What must not be, a line each; none if all is well. */
export function faultsOf({ checks, pods, audits, graceS }: Figures): readonly string[] {
  const lives = [...pods.values()];
  return [
    ...checks.filter(({ isWell }) => !isWell).map(({ what, seen }) => `${what}: ${seen}`),
    ...lives.flatMap(({ crashes }) => crashes),
    ...lives
      .filter(({ exitCode }) => exitCode !== null && exitCode !== 0)
      .map(({ name, exitCode }) => `${name} was told to stop and ended with ${exitCode}`),
    ...lives
      .filter(({ stoppingAt, endedAt }) => stoppingAt !== null && endedAt === null)
      .map(({ name }) => `${name} was told to stop, and its end was not told`),
    ...drainsOf(pods)
      .filter(({ seconds }) => seconds > graceS)
      .map(({ name, seconds }) => `${name} took ${seconds.toFixed(1)} s to stop, of ${graceS}`),
    ...(audits.length === 0 ? ['nothing was audited'] : audits.flatMap(faultsOfAudit)),
  ];
}

function faultsOfAudit(audited: Audited): readonly string[] {
  const { stretch, code, residual, lost, wrong, unequalDuplicates, windows, faults } = audited;
  const name = `windows of ${stretch.size}`;
  const figures = { residual, lost, wrong, 'unequal duplicates': unequalDuplicates };
  return [
    ...Object.entries(figures).flatMap(([word, count]) => (count === 0 ? [] : [`${name}: ${word} ${count}`])),
    ...(windows === 0 ? [`${name}: none were due, so nothing was judged`] : []),
    ...(code === 0 ? [] : [`${name}: hypermeter audit ended with ${code}`, ...faults.map((line) => `  ${line}`)]),
  ];
}

/** A time between audits in which no size was judged: growth could be lost there. Milliseconds, 0 if there is none. */
export const gapMs = (earlier: Audited, later: Audited): number =>
  Math.max(0, (later.stretch.fromMs ?? Number.NEGATIVE_INFINITY) - earlier.stretch.untilMs);

const iso = (ms: number): string => new Date(ms).toISOString();
const seconds = (value: number): string => `${value.toFixed(1)} s`;
const most = (values: readonly number[]): string => (values.length === 0 ? 'none' : seconds(Math.max(...values)));

/** The figures for people, a line each. */
export function linesOf(figures: Figures): readonly string[] {
  const { times, checks, pods, audits } = figures;
  const drains = drainsOf(pods).map((drain) => drain.seconds);
  const rows: readonly (readonly [string, string])[] = [
    ...times.map(({ what, seconds: took }) => [what, seconds(took)] as const),
    ['a pod ready, at most', `${most(startsOf(pods))} (${startsOf(pods).length} pods)`],
    ['a pod drained, at most', `${most(drains)} (${drains.length} pods)`],
    ['checks in pods', `${checks.filter(({ isWell }) => isWell).length} of ${checks.length} well`],
    ...audits.map(
      ({ stretch, windows, samples, rawMessages }) =>
        [
          `windows of ${stretch.size}, ${stretch.fromMs === null ? 'the first' : iso(stretch.fromMs)} to ${iso(stretch.untilMs)}`,
          `${windows} due; ${samples} samples, ${rawMessages} raw messages read`,
        ] as const,
    ),
    ['windows lost', String(sum(audits, ({ lost }) => lost))],
    ['windows wrong', String(sum(audits, ({ wrong }) => wrong))],
    ['windows doubled', String(sum(audits, ({ duplicates }) => duplicates))],
    ['doubled with other content', String(sum(audits, ({ unequalDuplicates }) => unequalDuplicates))],
    ['residual', String(sum(audits, ({ residual }) => residual))],
  ];
  const width = Math.max(...rows.map(([what]) => what.length));
  return rows.map(([what, value]) => `${what.padEnd(width)}  ${value}`);
}

/** The figures for programs. */
export const jsonOf = (figures: Figures): object => ({
  seconds: Object.fromEntries(figures.times.map(({ what, seconds: took }) => [what, took])),
  ready_s: startsOf(figures.pods),
  drain_s: drainsOf(figures.pods).map((drain) => drain.seconds),
  checks: figures.checks,
  audits: figures.audits,
  faults: faultsOf(figures),
});
