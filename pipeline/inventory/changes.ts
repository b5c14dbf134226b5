import { hash52Of } from '../../avro/hash.ts';
import type { Book, Entry } from './book.ts';
import { forgetSources, isForgotten } from './forget.ts';
import { FINDINGS, type Finding, type JudgeRules, judge, RULES, type Verdict } from './judge.ts';
import { type EntryView, viewOf } from './view.ts';

export interface ChangeRules {
  /** How long what is deleted or gone stays, microseconds. */
  readonly retention: number;
  /** How often an entry that did not change is told again, for its times; microseconds. */
  readonly refresh: number;
  readonly judge?: JudgeRules;
}

/** An entry as it is now, or that it is no more (null). */
export interface Change {
  readonly key: string;
  readonly view: EntryView | null;
  readonly why: 'changed' | 'refreshed' | 'forgotten';
}

/** What a look at every entry found. */
export interface Tally {
  readonly entries: number;
  readonly findings: Readonly<Record<Finding, number>>;
}

/**
 * What is to be told of a book since it was told last. A change stays due until `told` is called with it. Times that
 * move with every poll are no change.
 */
export interface Changes {
  /** Of some entries, `atMost` of them, going round; `isRound` when that has come to the end of all. */
  due(atMost?: number): { readonly changes: readonly Change[]; readonly isRound: boolean };
  told(change: Change): void;
  /** That a restored entry was told as this value at a time (microseconds): it is not told again unless it differs. */
  restored(entry: Entry, value: EntryLike, at: number): void;
  /** How many entries a look at all of them has. */
  tally(): Tally;
}

/** The members of a value that was told before. */
export type EntryLike = Readonly<Record<string, unknown>>;

/** What was told of an entry. */
interface Told {
  readonly revision: number;
  /** Presence, findings and standings. */
  readonly verdict: string;
  /** Hash of the view without what moves with every poll. */
  readonly substance: number;
  readonly at: number;
}

/** Follows a book. Forgets its entries and sources after the retention. */
export function createChanges(book: Book, { retention, refresh, judge: rules = RULES }: ChangeRules): Changes {
  const told = new Map<string, Told>();
  const made = new WeakMap<Change, Told>();
  let round: Iterator<Entry> = book.entries.values();

  function changeOf(entry: Entry, findings: Record<Finding, number>): Change | null {
    const { now } = book;
    const verdict = judge(entry, now, rules);
    for (const finding of verdict.findings) findings[finding]++;
    const before = told.get(entry.key);
    if (isForgotten(entry, verdict, now, retention)) return { key: entry.key, view: null, why: 'forgotten' };
    const short = shortOf(verdict);
    const isDue = before !== undefined && now - before.at >= refresh;
    if (before && !isDue && before.revision === entry.revision && before.verdict === short) return null;
    const view = viewOf(entry, verdict);
    const next = { revision: entry.revision, verdict: short, substance: substanceOf(view), at: now };
    if (before && !isDue && before.substance === next.substance) {
      told.set(entry.key, { ...next, at: before.at });
      return null;
    }
    const change: Change = {
      key: entry.key,
      view,
      why: before?.substance === next.substance ? 'refreshed' : 'changed',
    };
    made.set(change, next);
    return change;
  }

  const counts = (): Record<Finding, number> => ({ twice: 0, nobody: 0, zombie: 0, stale: 0 });
  let counting = counts();
  let counted = counts();
  return {
    due: (atMost = Number.POSITIVE_INFINITY) => {
      const changes: Change[] = [];
      for (let looked = 0; looked < atMost; looked++) {
        const { value: entry, done } = round.next();
        if (done) {
          forgetSources(book, retention);
          [counted, counting] = [counting, counts()];
          round = book.entries.values();
          return { changes, isRound: true };
        }
        const change = changeOf(entry, counting);
        if (change) changes.push(change);
      }
      return { changes, isRound: false };
    },
    told: (change) => {
      const next = made.get(change);
      if (next) {
        told.set(change.key, next);
        return;
      }
      told.delete(change.key);
      book.entries.delete(change.key);
    },
    restored: ({ key }, value, at) => {
      told.set(key, { revision: -1, verdict: '', substance: substanceOf(value), at });
    },
    tally: () => ({ entries: book.entries.size, findings: counted }),
  };
}

const shortOf = ({ presence, findings, standings }: Verdict): string =>
  `${presence} ${findings.map((finding) => FINDINGS.indexOf(finding)).join('')} ${standings.map(({ standing, sighting }) => standing[0] + sighting.source.collector).join(' ')}`;

const MOVING: ReadonlySet<string> = new Set(['last_seen_at']);

/** Of all but the times that every poll moves. */
const substanceOf = (view: EntryLike | EntryView): number =>
  hash52Of(JSON.stringify(view, (name, value: unknown) => (MOVING.has(name) ? undefined : value)));
