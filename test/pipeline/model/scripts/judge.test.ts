import { describe, expect, test } from 'vitest';
import { judge } from './judge.ts';
import { parseScripts } from './parse.ts';
import { play } from './play.ts';

/** What is wrong with a script of one counter that grows by 10 every ten seconds, twice delivered if so said. */
function verdict(expectations: string, loads = 'load rxBytes\n  0s a 100+10x6'): readonly string[] {
  const [script] = parseScripts('f', `script A title\n${loads}\n${expectations}`);
  return script ? judge(script, play(script)) : ['no script'];
}

const CAME = 'rxBytes 0s..60s delta 60 rate 1 cumulative 160 coverage 60s quality measured flags - at 60s';

test('what is met is not mentioned', () => {
  const all = 'delta 60 rate 1.00 cumulative 16e1 coverage 1m quality measured flags - revision 0 at 60s';
  expect(verdict(`expect 0s..60s ${all}\nexpect total 60\nexpect drops late 0\nexpect events first 1`)).toEqual([]);
  expect(verdict('expect any\nexpect total 60')).toEqual([]);
});

describe('what is not met is named with its line, what was expected and what came', () => {
  test.each([
    ['expect 0s..60s delta 61', [`f:4: expected delta 61; came ${CAME}`]],
    ['expect 0s..60s delta many', [`f:4: expected delta many; came ${CAME}`]],
    ['expect 0s..60s delta 60 rate 1.1 cumulative 160', [`f:4: expected rate 1.1; came ${CAME}`]],
    ['expect 0s..60s rate none', [`f:4: expected rate none; came ${CAME}`]],
    ['expect 0s..60s cumulative none', [`f:4: expected cumulative none; came ${CAME}`]],
    ['expect 0s..60s coverage 59s', [`f:4: expected coverage 59s; came ${CAME}`]],
    ['expect 0s..60s flags reset', [`f:4: expected flags reset; came ${CAME}`]],
    ['expect 0s..60s quality estimated', [`f:4: expected quality estimated; came ${CAME}`]],
    ['expect 0s..60s at 70s', [`f:4: expected at 70s; came ${CAME}`]],
    ['expect 0s..60s last 5', [`f:4: expected last 5; came ${CAME}`]],
    [
      'expect 0s..60s revision 1',
      [`f:1: came and is not expected: ${CAME}`, 'f:4: expected rxBytes 0s..60s revision 1; nothing came'],
    ],
    ['expect 0s..60s delta 60\nexpect 60s..120s delta 5', ['f:5: expected rxBytes 60s..120s delta 5; nothing came']],
    ['expect 0s..60s delta 60\nexpect 0s..60s rate 1', ['f:5: expected already in line 4: rxBytes 0s..60s rate 1']],
    ['expect nothing', [`f:1: came and is not expected: ${CAME}`]],
    ['expect any\nexpect total 61', ['f:5: expected rxBytes total 61; came 60']],
    ['expect any\nexpect drops late 1', ['f:5: expected late 1; came late 0']],
    ['expect any\nexpect events first 0', ['f:5: expected first 0; came first 1']],
  ])('%j', (expectations, problems) => {
    expect(verdict(expectations)).toEqual(problems);
  });

  test('flags that came and are not written', () => {
    const loads = 'load rxBytes\n  0s a 100 90 120 130 140 150 160';
    expect(verdict('expect 0s..60s delta 60', loads)).toEqual([
      `f:4: expected flags -; came ${CAME.replace('flags -', 'flags regression')}`,
    ]);
  });

  test('drops that are not written', () => {
    const loads = 'load rxBytes\n  0s a 100+10x6 again 0s';
    expect(verdict('expect 0s..60s delta 60', loads)).toEqual(['f:1: dropped and not expected: duplicate 7']);
    expect(verdict('expect 0s..60s delta 60\nexpect drops duplicate 6', loads)).toEqual([
      'f:5: expected duplicate 6; came duplicate 7',
    ]);
  });

  test('a window that came twice, and books that do not balance', () => {
    const [script] = parseScripts('f', 'script A title\nload rxBytes\n  0s a 100+10x6\nexpect 0s..60s delta 60');
    if (!script) throw new Error('no script');
    const { came, tally } = play(script);
    expect(judge(script, { came: [...came, ...came], tally, unbalanced: ['off by 1'] })).toEqual([
      `f:1: came once more: ${CAME}`,
      'f:1: off by 1',
    ]);
  });
});
