import { describe, expect, it } from 'vitest';
import { type Audited, boundaryAfter, boundaryBefore } from './audits.ts';
import { type Figures, faultsOf, gapMs, linesOf } from './figures.ts';
import type { PodLife } from './pod-book.ts';

const audit: Audited = {
  stretch: { size: '5s', sizeMs: 5000, fromMs: 5000, untilMs: 60_000 },
  code: 0,
  residual: 0,
  lost: 0,
  wrong: 0,
  unexpected: 0,
  duplicates: 3,
  unequalDuplicates: 0,
  windows: 100,
  rawMessages: 50,
  samples: 103,
  faults: [],
};
const life: PodLife = {
  name: 'p-0',
  addedAt: 0,
  readyAt: 2e6,
  stoppingAt: 10e6,
  endedAt: 13e6,
  exitCode: 0,
  crashes: [],
};
const good: Figures = {
  times: [{ what: 'install', seconds: 12.34 }],
  checks: [{ what: 'user', seen: '65532', isWell: true }],
  pods: new Map([['u1', life]]),
  audits: [audit],
  graceS: 45,
};

describe('the figures of a run', () => {
  it('are well where nothing is wrong; what was doubled is told', () => {
    expect(faultsOf(good)).toEqual([]);
    expect(linesOf(good)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^install +12\.3 s$/),
        expect.stringMatching(/^a pod ready, at most +2\.0 s \(1 pods\)$/),
        expect.stringMatching(/^a pod drained, at most +3\.0 s \(1 pods\)$/),
        expect.stringMatching(/^windows doubled +3$/),
        expect.stringMatching(/^residual +0$/),
      ]),
    );
  });

  it.each<readonly [string, Partial<Audited>, string]>([
    ['a residual', { residual: -1, code: 65 }, 'windows of 5s: residual -1'],
    ['a window lost', { lost: 1 }, 'windows of 5s: lost 1'],
    ['a wrong one', { wrong: 2 }, 'windows of 5s: wrong 2'],
    ['another with its id', { unequalDuplicates: 1 }, 'windows of 5s: unequal duplicates 1'],
    ['nothing that was judged', { windows: 0 }, 'windows of 5s: none were due, so nothing was judged'],
    ['an audit that failed', { code: 69 }, 'windows of 5s: hypermeter audit ended with 69'],
  ])('are not with %s', (_, part, fault) => {
    expect(faultsOf({ ...good, audits: [{ ...audit, ...part }] })).toContain(fault);
  });

  it.each<readonly [string, Partial<PodLife>, string]>([
    ['did not stop well', { exitCode: 137 }, 'p-0 was told to stop and ended with 137'],
    ['took too long', { endedAt: 60e6 }, 'p-0 took 50.0 s to stop, of 45'],
    ['crashed', { crashes: ['p-0 ended with 1 (Error)'] }, 'p-0 ended with 1 (Error)'],
    ['never ended', { endedAt: null, exitCode: null }, 'p-0 was told to stop, and its end was not told'],
  ])('are not with a pod that %s', (_, part, fault) => {
    expect(faultsOf({ ...good, pods: new Map([['u1', { ...life, ...part }]]) })).toEqual([fault]);
  });

  it('are not without an audit, or with a check that failed', () => {
    expect(faultsOf({ ...good, audits: [] })).toEqual(['nothing was audited']);
    expect(faultsOf({ ...good, checks: [{ what: 'user', seen: '0', isWell: false }] })).toEqual(['user: 0']);
  });

  it('tell a time that no size of windows covers', () => {
    const later = (fromMs: number): Audited => ({ ...audit, stretch: { ...audit.stretch, fromMs } });
    expect([gapMs(audit, later(60_000)), gapMs(audit, later(50_000)), gapMs(audit, later(70_000))]).toEqual([
      0, 0, 10_000,
    ]);
  });

  it('count whole windows', () => {
    expect([boundaryAfter(10_001, 5000), boundaryAfter(10_000, 5000), boundaryBefore(14_999, 5000)]).toEqual([
      15_000, 10_000, 10_000,
    ]);
  });
});
