import { dropChanges } from '../../../pipeline/model/saved.ts';
import { type Chain, createChain, type Stage } from '../chain.ts';
import { answer, cpuNs, given } from '../measure.ts';
import { readStretch, type Stretches } from '../stretch.ts';

/** Feeds stretches from memory through the chain. Costs are of those after the first `warmUp`, files read apart. */
export interface FeedArgs {
  readonly stretches: Stretches;
  readonly warmUp: number;
  readonly stage: Stage;
}

export interface FeedAnswer {
  readonly nsPerReading: number;
  readonly windows: number;
  readonly maxRssMb: number;
  /** Heap that the series' state takes. */
  readonly stateBytesPerSeries: number;
}

const { stretches, warmUp, stage } = given<FeedArgs>();

async function feed(): Promise<FeedAnswer> {
  let chain = createChain(stage);
  let spentNs = 0;
  let readings = 0;
  for (const [index, file] of stretches.files.entries()) {
    const messages = await readStretch(file);
    const seenBefore = chain.seen.readings;
    const since = cpuNs();
    for (const { value, timestampUs } of messages) chain.take(value, timestampUs);
    if (index < warmUp) continue;
    spentNs += cpuNs() - since;
    readings += chain.seen.readings - seenBefore;
  }
  const maxRssMb = process.resourceUsage().maxRSS / 1024;
  const { partitions, seen } = chain;
  emptyReorderBuffers(partitions);
  chain = createChain(stage);
  const full = heapBytes();
  forget(partitions);
  const stateBytes = full - heapBytes();
  return {
    nsPerReading: spentNs / readings,
    windows: seen.windows,
    maxRssMb,
    stateBytesPerSeries: stateBytes / stretches.series,
  };
}

/** What waits there belongs to messages, not to series. */
function emptyReorderBuffers(partitions: Chain['partitions']): void {
  for (const { hold, waiting } of partitions.values()) {
    hold.heap.length = 0;
    waiting.clear();
  }
}

function forget(partitions: Chain['partitions']): void {
  for (const partition of partitions.values()) {
    partition.instances.clear();
    partition.listed.clear();
    dropChanges(partition);
  }
}

function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

answer(await feed());
