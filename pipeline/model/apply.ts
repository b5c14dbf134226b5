import { BLOCK_FIELDS, COUNTERS, INSTANCE, type SliceBatch } from '../../avro/batch.ts';
import { endAbsent } from './absence.ts';
import { applyAnnouncement, applyIdentity } from './announcers.ts';
import type { Circumstances } from './circumstances.ts';
import type { Closed } from './closed.ts';
import { applyCumulative } from './counters.ts';
import { applyDeletion, applyReadingOfGone, isGone } from './deletion.ts';
import type { Tally } from './flags.ts';
import { forgetDeleted } from './forget.ts';
import { applyGauges } from './gauges.ts';
import { grow, isGrowth } from './grow.ts';
import { type HeldSlice, isAwaited } from './hold.ts';
import { holeOf } from './holes.ts';
import { applyInterval, applyLateInterval } from './intervals.ts';
import type { Partition } from './partition.ts';
import { applyPoll, completePoll, succeed } from './progress.ts';
import { standsAt } from './residual.ts';
import type { Rules } from './rules.ts';
import { BASE, type Block, createBlock, createLife, type InstanceState, type Life, OFF } from './state.ts';
import { applyStatus } from './status.ts';
import { bringTogether, setApart } from './together.ts';
import { toAmount } from './uint64.ts';

/** INTERVAL rows are of one life, whoever reports them. */
const INTERVAL_LIFE = -1;
/** How many ended epochs of a block are remembered, so that their readings are known when they come again. */
const MAX_LIVES = 8;
const VCPUS = 0;

/** Applies a slice whose time has come: its instances' rows in order, then the poll's completeness. */
export function applySlice(partition: Partition, rules: Rules, slice: HeldSlice, closed: Closed, tally: Tally): void {
  const { progress, closedBefore, deleted, watched } = partition;
  const { header, source } = slice;
  const polledAt = header.poll.startedAt + slice.screen.shift;
  applyPoll(source, polledAt, header.source.bootedAt);
  for (const news of succeed(source, header.source.generation, header.poll)) tally.sources.push(news);
  const at: Circumstances = {
    rules: rules.counters,
    emission: { rules: rules.windows, closed, lateBefore: slice.lateBefore, byGrace: false },
    progress,
    source,
    tally,
    interval: header.poll.interval,
    polledAt,
    aliveSince: closedBefore.map((k, w) => k * (rules.windows.sizes[w] as number)),
    deleted,
    watched,
  };
  for (let n = 0; n < slice.instances.length; n++) {
    const instance = slice.instances[n] as InstanceState;
    // As the watermark does with the slices before this one; a late slice does not turn time back.
    if (isGone(instance)) forgetDeleted(partition, rules, closed, instance, Math.max(slice.time, slice.watermark));
    applyInstance(at, instance, slice, header.firstInstance + n);
  }
  completePoll(source, polledAt, header.poll);
}

/** Applies the batch's instance i: what is said of it, its rows, and its end. */
function applyInstance(at: Circumstances, instance: InstanceState, slice: HeldSlice, i: number): void {
  const { batch, source } = slice;
  const { state, deletedAt, rowStart } = batch;
  if (isAwaited(source, batch, i)) instance.waiting--;
  const tellsEnd = tell(at, instance, batch, i);
  const firstRow = rowStart[i] as number;
  const endRow = rowStart[i + 1] as number;
  const arrivedLate = slice.time <= slice.watermark;
  for (let r = firstRow; r < endRow; r++) applyRow(at, instance, batch, i, r, arrivedLate);
  if (tellsEnd) applyDeletion(at, instance, deletedAt[i] as number, slice.time);
  if (firstRow === endRow && !source.announces && OFF.has(state[i] as number)) endAbsent(at, instance);
}

/**
 * Takes what a source says of an instance. Is it news that it was deleted? Not if a later poll has listed it; and a
 * hypervisor can tell it only of one that no other has listed since, for it may have moved.
 */
function tell(at: Circumstances, instance: InstanceState, batch: SliceBatch, i: number): boolean {
  const { source, polledAt } = at;
  const deletedAt = batch.deletedAt[i] as number;
  const identity = batch.identity.get(i) ?? null;
  const state = batch.state[i] as number;
  const { listedAt, listedBy } = instance;
  if (source.announces) return applyAnnouncement(at, instance, state, deletedAt, identity) && polledAt >= listedAt;
  if (identity !== null) applyIdentity(at, instance, identity);
  applyStatus(at, instance, state);
  return !Number.isNaN(deletedAt) && polledAt > listedAt && (listedBy === null || listedBy === source);
}

function applyRow(
  at: Circumstances,
  instance: InstanceState,
  batch: SliceBatch,
  i: number,
  r: number,
  arrivedLate: boolean,
): void {
  const t = batch.observedAt[r] as number;
  // Left out when it arrived.
  if (Number.isNaN(t)) return;
  if (isGone(instance)) applyReadingOfGone(at, instance, t);
  const interval = batch.interval[r] as number;
  const cumulative = Number.isNaN(interval);
  const startedAt = batch.startedAt[i] as number;
  const first = batch.blockStart[r] as number;
  const end = batch.blockStart[r + 1] as number;
  for (let b = first; b < end; b++) {
    const block = blockOf(at, instance, batch, b, b - first);
    const epoch = cumulative ? epochOf(at, batch, i, b) : INTERVAL_LIFE;
    if (cumulative && block.together && isGrowth(at, block, epoch, batch, b, t)) {
      applyRest(at, instance, block, batch, b, t);
      grow(at, instance, block, block.together, batch, b, t);
      continue;
    }
    setApart(block, at.emission.rules.sizes.length);
    const life = lifeOf(at, block, epoch, batch, b, t);
    if (typeof life === 'string') {
      at.tally.drops[life] += presentIn(batch, b, block.kind);
      continue;
    }
    life.listedAt = Math.max(life.listedAt, at.polledAt);
    if (t <= life.finalisedAt) {
      const hole = cumulative ? null : holeOf(block, t);
      if (hole !== null) {
        applyLateInterval(at, instance, block, hole, batch, b, t, interval);
        bringTogether(block, at.aliveSince);
        continue;
      }
      const reason = cumulative ? dropReason(life, batch, b, t, arrivedLate) : 'duplicate';
      at.tally.drops[reason] += presentIn(batch, b, block.kind);
      continue;
    }
    life.ended = isGone(instance);
    if (!(block.firstAt <= t)) block.firstAt = t;
    applyRest(at, instance, block, batch, b, t);
    if (cumulative) applyCumulative(at, instance, block, life, batch, b, t, startedAt);
    else applyInterval(at, instance, block, life, batch, b, t, interval);
    bringTogether(block, at.aliveSince);
  }
}

/** What a block has besides counters. */
function applyRest(
  at: Circumstances,
  instance: InstanceState,
  block: Block,
  batch: SliceBatch,
  b: number,
  t: number,
): void {
  if (block.kind === INSTANCE) noteVcpus(instance, batch, b);
  applyGauges(at, instance, block, batch, b, t);
}

/** The vCPUs decide what the cpu counter can reach, its utilisation, and are part of the resource. */
function noteVcpus(instance: InstanceState, batch: SliceBatch, b: number): void {
  const v = (batch.valueStart[b] as number) + (COUNTERS[INSTANCE] as number) + VCPUS;
  if (batch.present[v] === 1) instance.vcpus = batch.lo[v] as number;
}

/** The device's own epoch, else the instance's; a reboot of the host makes every epoch another one. */
function epochOf(at: Circumstances, batch: SliceBatch, i: number, b: number): number {
  const own = batch.deviceEpoch[b] as number;
  const epoch = Number.isNaN(own) ? (batch.epoch[i] as number) : own;
  return at.source.era === 0 ? epoch : (epoch + at.source.era) % Number.MAX_SAFE_INTEGER;
}

/** The block of a device, made at first sight; it is nearly always the one in the same place as in the row. */
function blockOf(at: Circumstances, instance: InstanceState, batch: SliceBatch, b: number, place: number): Block {
  const kind = batch.kind[b] as number;
  const device = batch.device[b] as number;
  const likely = instance.blocks[place];
  if (likely && likely.device === device && likely.kind === kind) return likely;
  for (const block of instance.blocks) if (block.device === device && block.kind === kind) return block;
  const created = createBlock(kind, device, batch.deviceId(b), at.emission.rules.sizes.length);
  created.forgottenAt = instance.forgottenAt;
  instance.blocks.push(created);
  return created;
}

/**
 * The life that a reading belongs to, made at first sight, or why it is nobody's. A series names its epochs always or never (ruling R15):
 * a reading without one is nobody's once one was named; the first named one continues a nameless life it does not
 * fall below.
 */
function lifeOf(
  at: Circumstances,
  block: Block,
  epoch: number,
  batch: SliceBatch,
  b: number,
  t: number,
): Life | 'epoch_unknown' | 'late' {
  const { lives } = block;
  const last = lives[lives.length - 1];
  if (last && (last.epoch === epoch || (Number.isNaN(last.epoch) && Number.isNaN(epoch)))) return last;
  for (const life of lives) if (life.epoch === epoch) return life;
  if (Number.isNaN(epoch) && last) return 'epoch_unknown';
  if (last && Number.isNaN(last.epoch) && continues(last, batch, b, block.kind)) {
    last.epoch = epoch;
    return last;
  }
  if (t <= block.forgottenAt) return 'late';
  const life = createLife(block.kind, epoch, at.source);
  lives.push(life);
  const forgotten = lives.length > MAX_LIVES ? lives.shift() : undefined;
  if (forgotten) {
    block.forgottenAt = Math.max(block.forgottenAt, forgotten.finalisedAt);
    at.progress.credit += standsAt(block.kind, forgotten);
  }
  return life;
}

function continues(life: Life, batch: SliceBatch, b: number, kind: number): boolean {
  const start = batch.valueStart[b] as number;
  for (let f = 0; f < (COUNTERS[kind] as number); f++) {
    if (batch.present[start + f] === 0 || Number.isNaN(life.base[f * BASE])) continue;
    const before = toAmount(life.base[f * BASE + 1] as number, life.base[f * BASE + 2] as number);
    if (toAmount(batch.hi[start + f] as number, batch.lo[start + f] as number) < before) return false;
  }
  return true;
}

/** Why a reading that is not newer than its epoch's last is left out (rulings R3, R9). */
function dropReason(
  life: Life,
  batch: SliceBatch,
  b: number,
  t: number,
  arrivedLate: boolean,
): 'duplicate' | 'conflict' | 'late' {
  if (t < life.finalisedAt) return 'late';
  const start = batch.valueStart[b] as number;
  for (let f = 0; f * BASE < life.base.length; f++) {
    if (batch.present[start + f] === 0) continue;
    const same =
      life.base[f * BASE] !== t ||
      (life.base[f * BASE + 1] === batch.hi[start + f] && life.base[f * BASE + 2] === batch.lo[start + f]);
    if (!same) return arrivedLate ? 'late' : 'conflict';
  }
  return 'duplicate';
}

/** Readings in a block: counters and gauges. */
function presentIn(batch: SliceBatch, b: number, kind: number): number {
  const start = batch.valueStart[b] as number;
  let count = 0;
  for (let f = 0; f < (BLOCK_FIELDS[kind]?.length ?? 0); f++) count += batch.present[start + f] as number;
  return count;
}
