import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { EndpointError } from '../../../connectors/connector.ts';
import type { ConnectorEntry } from '../../../connectors/discovery/discovery.ts';
import type { Findings, Rejected, Source } from '../../../connectors/discovery/source.ts';
import { handClock } from '../hand-clock.ts';
import { watched } from './sources.ts';

const entries = (...names: readonly string[]): readonly ConnectorEntry[] =>
  names.map((name) => ({ name, type: 'test' }));

/** A source that says what the test sets, and counts. */
function aSource(about: Partial<Source> = {}) {
  const nudges = new Subject<void>();
  const script = {
    says: { entries: entries('a'), rejected: [] } as Findings | Error | 'nothing',
    looks: 0,
    closed: 0,
    nudges,
  };
  const source: Source = {
    name: 'src',
    kind: 'test',
    refreshMs: 30_000,
    timeoutMs: 5000,
    emptyAfter: 2,
    look: async () => {
      script.looks++;
      if (script.says === 'nothing') return new Promise(() => undefined);
      if (script.says instanceof Error) throw script.says;
      return script.says;
    },
    nudges,
    close: async () => {
      script.closed++;
    },
    ...about,
  };
  return { source, script };
}

describe('discover', () => {
  it('looks at once, at every refresh, and emits only what is new', async () => {
    const clock = handClock();
    const { source, script } = aSource();
    const seen = watched(source, clock);
    await clock.advance(0);
    expect([script.looks, seen.names()]).toEqual([1, ['a']]);
    await clock.advance(60_000);
    expect([script.looks, seen.sets.length]).toEqual([3, 1]);
    script.says = { entries: [...entries('b', 'a')], rejected: [] };
    await clock.advance(30_000);
    expect(seen.names()).toEqual(['b', 'a']);
    expect(seen.told('discovery.changed')).toMatchObject([
      { added: 1, removed: 0, changed: 0, names: ['a'] },
      { added: 1, removed: 0, changed: 0, names: ['b'] },
    ]);
    script.says = { entries: [{ name: 'b', type: 'other' }], rejected: [] };
    await clock.advance(30_000);
    expect(seen.told('discovery.changed').at(-1)).toMatchObject({
      added: 0,
      removed: 1,
      changed: 1,
      names: ['a', 'b'],
    });
    seen.stop();
    await clock.advance(90_000);
    expect([script.looks, script.closed]).toEqual([5, 1]);
  });

  it('keeps the last set while the source fails, and asks again, later each time', async () => {
    const clock = handClock();
    const { source, script } = aSource({ refreshMs: 5000 });
    const seen = watched(source, clock);
    await clock.advance(0);
    script.says = new EndpointError('refused', 'src', 'check the password');
    await clock.advance(5000);
    expect(seen.names()).toEqual(['a']);
    expect(seen.told('discovery.failed')).toMatchObject([
      { source: 'src', reason: 'refused', retryMs: 1000, error: { message: 'src: check the password' } },
    ]);
    await clock.advance(1000 + 2000 + 4000 + 5000);
    expect(seen.told('discovery.failed').map((event) => 'retryMs' in event && event.retryMs)).toEqual([
      1000, 2000, 4000, 5000, 5000,
    ]);
    script.says = { entries: entries('a', 'b'), rejected: [] };
    await clock.advance(5000);
    expect(seen.names()).toEqual(['a', 'b']);
    seen.stop();
  });

  it('does not wait for ever', async () => {
    const clock = handClock();
    const { source, script } = aSource();
    script.says = 'nothing';
    const seen = watched(source, clock);
    await clock.advance(5000);
    expect(seen.told('discovery.failed')).toMatchObject([{ reason: 'timeout' }]);
    expect(seen.sets).toEqual([]);
    seen.stop();
  });

  it('believes that there is nothing when it is said twice at refreshes, and warns before', async () => {
    const clock = handClock();
    const { source, script } = aSource();
    const seen = watched(source, clock);
    await clock.advance(0);
    script.says = { entries: [], rejected: [] };
    await clock.advance(30_000);
    expect(seen.names()).toEqual(['a']);
    expect(seen.told('discovery.empty')).toMatchObject([{ kept: 1, times: 1, emptyAfter: 2 }]);
    expect(seen.told('discovery.looked').at(-1)).toMatchObject({ entries: 1 });
    await clock.advance(30_000);
    expect(seen.sets.at(-1)).toEqual([]);
    seen.stop();
  });

  it('does not take nudges for answers of their own, nor what was empty before for empty now', async () => {
    const clock = handClock();
    const { source, script } = aSource();
    const seen = watched(source, clock);
    await clock.advance(0);
    script.says = { entries: [], rejected: [] };
    for (let nudge = 0; nudge < 5; nudge++) {
      script.nudges.next();
      await clock.advance(1000);
    }
    expect([seen.names(), script.looks]).toEqual([['a'], 6]);
    script.says = { entries: entries('a'), rejected: [] };
    await clock.advance(30_000);
    script.says = { entries: [], rejected: [] };
    await clock.advance(30_000);
    expect(seen.names()).toEqual(['a']);
    seen.stop();
  });

  it('says so when there is nothing from the first', async () => {
    const clock = handClock();
    const { source, script } = aSource();
    script.says = { entries: [], rejected: [] };
    const seen = watched(source, clock);
    await clock.advance(0);
    expect(seen.sets).toEqual([[]]);
    expect(seen.told('discovery.empty')).toMatchObject([{ kept: 0 }]);
    await clock.advance(60_000);
    expect(seen.told('discovery.empty')).toHaveLength(1);
    seen.stop();
  });

  it('looks soon after nudges that come in a row, once', async () => {
    const clock = handClock();
    const { source, script } = aSource();
    const seen = watched(source, clock);
    await clock.advance(1000);
    for (let nudge = 0; nudge < 4; nudge++) {
      script.nudges.next();
      await clock.advance(100);
    }
    expect(script.looks).toBe(1);
    await clock.advance(100);
    expect(script.looks).toBe(2);
    // However it is nudged, a look comes at its time.
    for (let nudge = 0; nudge < 400; nudge++) {
      script.nudges.next();
      await clock.advance(100);
    }
    expect(script.looks).toBe(3);
    seen.stop();
  });

  it('tells what cannot be used once while it lasts, and counts it at every look', async () => {
    const clock = handClock();
    const { source, script } = aSource();
    const bad: Rejected = { reason: 'invalid', where: 'a.yaml:3:5', message: 'uri: is missing' };
    script.says = { entries: entries('a'), rejected: [bad] };
    const seen = watched(source, clock);
    await clock.advance(60_000);
    expect(seen.told('discovery.rejected')).toMatchObject([{ source: 'src', ...bad }]);
    expect(seen.told('discovery.looked').at(-1)).toMatchObject({ rejected: { invalid: 1, unreadable: 0 } });
    script.says = { entries: entries('a'), rejected: [] };
    await clock.advance(30_000);
    script.says = { entries: entries('a'), rejected: [bad] };
    await clock.advance(30_000);
    expect(seen.told('discovery.rejected')).toHaveLength(2);
    seen.stop();
  });
});
