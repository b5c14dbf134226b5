import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Came, showCame } from './came.ts';
import { judge } from './judge.ts';
import { parseScripts } from './parse.ts';
import { play } from './play.ts';
import type { Script } from './script.ts';

for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.counter'))) {
  const scripts = parseScripts(file, readFileSync(`${import.meta.dirname}/${file}`, 'utf8'));
  describe(file, () => {
    for (const script of scripts) {
      const title = script.fails === null ? script.title : `${script.title} (not yet: ${script.fails})`;
      test(title, () => holds(script));
    }
  });
}

/** The expectations are met; crashes change nothing, and looks at the clock nothing but when a window comes. */
function holds(script: Script): void {
  const played = play(script);
  const problems = judge(script, played);
  if (script.fails === null) expect(problems).toEqual([]);
  else expect(problems, 'it does what is expected: take "fails" out').not.toEqual([]);
  const crashed = play(script, 'crash');
  expect(crashed.came.map(showCame)).toEqual(played.came.map(showCame));
  const watched = play(script, 'look');
  expect(watched.came.map(withoutTime).sort()).toEqual(played.came.map(withoutTime).sort());
  for (const { tally, unbalanced } of [played, crashed, watched]) {
    expect(tally).toEqual(played.tally);
    expect(unbalanced).toEqual([]);
  }
}

const withoutTime = (came: Came): string => showCame(came).replace(/ at \S+$/, '');
