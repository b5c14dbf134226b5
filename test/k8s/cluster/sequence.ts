import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { type Audited, audited, boundaryAfter, boundaryBefore } from './audits.ts';
import { type Figures, gapMs, type Timed } from './figures.ts';
import type { ClusterNode } from './node.ts';
import { type Check, checkFromWithin, checkPage, checkPod } from './pod-checks.ts';
import { watchPods } from './pod-watch.ts';
import { createPods } from './pods.ts';
import { createRelease, type Load, NAMESPACE, prepareNamespace } from './release.ts';

const SMALL = { size: '5s', sizeMs: 5000 } as const;
const LARGE = { size: '10s', sizeMs: 10_000 } as const;
/** Until windows come of series that are silent: the grace of 30 s, the reorder time, a window, and a margin for the machine. */
const CLOSED_MS = 30_000 + 2000 + LARGE.sizeMs + 8000;
const LOADED_MS = 15_000;
/** The chart's terminationGracePeriodSeconds. */
const GRACE_S = 45;

/**
 * Installs the chart and does to it under load what is done to such a release: pods are scaled, deleted and evicted, windows
 * are changed in two steps and rolled back. Then what was published is held against the raw topic. `say` is told of each step.
 */
export async function runSequence(node: ClusterNode, load: Load, say: (text: string) => void): Promise<Figures> {
  const times: Timed[] = [];
  const checks: Check[] = [];
  /** Milliseconds of the wall clock at which the step was over. */
  const timed = async (what: string, step: () => Promise<void>): Promise<number> => {
    say(what);
    const startedAt = systemClock.monotonic();
    await step();
    times.push({ what, seconds: (systemClock.monotonic() - startedAt) / 1e6 });
    return wallMs();
  };
  await prepareNamespace(node);
  const release = createRelease(node, load);
  const pods = createPods(node);
  const watch = watchPods(node, NAMESPACE);
  try {
    await timed('install', () => release.install({ windows: [SMALL.size], pipelines: 1 }));
    const collectors = await pods.names('collector');
    checks.push(...(await checkPod(node, 'metering-pipeline-0', 512)));
    checks.push(await checkFromWithin(node, 'metering-pipeline-0'));
    for (const collector of collectors) checks.push(...(await checkPod(node, collector, 384)));
    await systemClock.sleep(LOADED_MS);

    await timed('scale 1 to 3', () => release.upgrade({ windows: [SMALL.size], pipelines: 3 }).then(pods.taken));
    await systemClock.sleep(LOADED_MS);
    const both = { windows: [SMALL.size, LARGE.size], pipelines: 3 };
    const bothAt = await timed('window change, step 1', () => release.upgrade(both).then(pods.taken));
    checks.push(await checkPage(node, collectors.length + 3));
    // The page has one too.
    const all = collectors.length + 3 + 1;
    await timed('pods deleted', async () => {
      await pods.remove('metering-pipeline-1');
      for (const collector of collectors) await pods.remove(collector);
      await pods.ready(all);
    });
    await pods.evictable();
    await timed('pod evicted', async () => {
      const [first, second] = [await pods.evict('metering-pipeline-2'), await pods.evict('metering-pipeline-0')];
      checks.push({ what: 'eviction', seen: first, isWell: first === 'allowed' });
      checks.push({ what: 'eviction of another meanwhile', seen: second, isWell: second === 'refused by its budget' });
      await pods.ready(all);
    });
    // Its receivers have the last windows of the small size before it goes.
    await systemClock.sleep(Math.max(0, bothAt + 2 * LARGE.sizeMs + CLOSED_MS - wallMs()));
    const stretches = [
      { ...SMALL, fromMs: null, untilMs: boundaryBefore(wallMs() - CLOSED_MS, SMALL.sizeMs) },
      { ...LARGE, fromMs: boundaryAfter(bothAt, LARGE.sizeMs) + LARGE.sizeMs },
    ] as const;
    await timed('window change, step 2', () => release.upgrade({ ...both, windows: [LARGE.size] }).then(pods.taken));
    await systemClock.sleep(LOADED_MS);
    const backAt = await timed('rollback', () => release.rollback(3).then(pods.taken));
    await timed('scale 3 to 1', () => release.upgrade({ ...both, pipelines: 1 }));
    await systemClock.sleep(CLOSED_MS + LOADED_MS + 2 * LARGE.sizeMs);
    const untilMs = boundaryBefore(wallMs() - CLOSED_MS, LARGE.sizeMs);
    await timed('uninstall', async () => {
      await release.uninstall();
      await pods.gone();
    });
    say('audit');
    const audits: Audited[] = [];
    for (const stretch of [
      stretches[0],
      { ...stretches[1], untilMs },
      { ...SMALL, fromMs: boundaryAfter(backAt, SMALL.sizeMs) + SMALL.sizeMs, untilMs },
    ])
      audits.push(await audited(node, load, stretch));
    const [small, large] = audits;
    const gap = small && large ? gapMs(small, large) : 0;
    checks.push({ what: 'time in which no size was judged', seen: `${gap} ms`, isWell: gap === 0 });
    return { times, checks, pods: watch.book(), audits, graceS: GRACE_S };
  } finally {
    await watch.stop();
  }
}

const wallMs = (): number => systemClock.now() / 1000;
