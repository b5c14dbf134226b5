import { FLAGS, flagNames } from '../model/flags.ts';
import type { Sample } from '../model/sample.ts';
import type { VmHistory } from './model.ts';
import { unitOf } from './plotted.ts';
import { emptyRingBytes, WindowRing } from './window-ring.ts';

/**
 * Bounds of what is kept. `bytes`: of all rings together; `short`: windows of every instance; `long`: windows of those
 * that were opened; `opened`: so many of them, the latest; `series`: of one instance and size.
 */
export interface HistoryBounds {
  readonly bytes: number;
  readonly short: number;
  readonly long: number;
  readonly opened: number;
  readonly series: number;
}

/** 32 MiB: some 2,500 VMs of one disk and one nic with all meters. */
const HISTORY_BOUNDS: HistoryBounds = { bytes: 32 * 2 ** 20, short: 30, long: 360, opened: 32, series: 200 };

/** One instance. */
interface Kept {
  readonly id: string;
  name: string | null;
  host: string | null;
  /** End of the newest window. */
  endAt: number;
  /** By size, microseconds. */
  readonly rings: Map<number, WindowRing>;
  /** Series that found no room in a ring. */
  left: Set<string>;
}

/** Where the values of a resource's window go. */
interface Place {
  readonly kept: Kept;
  readonly ring: WindowRing;
  readonly slot: number;
  readonly device: string;
  readonly host: string | null;
}

/** An entry in the map of instances, and its names. */
const KEPT_BYTES = 500;

/**
 * Keeps the latest finished windows of instances within a bound of bytes. When it is reached, instances that come later
 * are left out, until others have gone; one that is opened takes the place of the one that was heard of longest ago.
 */
export class VmHistories {
  readonly #plotted: ReadonlySet<string>;
  readonly #bounds: HistoryBounds;
  /** Those heard of longest ago first, as far as windows finish one after the other. */
  readonly #kept = new Map<string, Kept>();
  readonly #opened = new Set<string>();
  #bytes = 0;
  #leftOut = 0;
  #newestEnd = Number.NEGATIVE_INFINITY;

  constructor(plotted: ReadonlySet<string>, bounds: HistoryBounds = HISTORY_BOUNDS) {
    this.#plotted = plotted;
    this.#bounds = bounds;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Samples, or neighbours of one resource, that found no room. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Takes samples as they become final. Neighbours are mostly of one resource and one window. */
  take(samples: readonly Sample[]): void {
    let last: Sample | null = null;
    let place: Place | null = null;
    for (const sample of samples) {
      if (!this.#plotted.has(sample.name)) continue;
      if (last === null || !isBeside(last, sample)) {
        place = this.#placeOf(sample);
        last = sample;
      }
      if (place !== null) this.#put(place, sample);
    }
  }

  /** Keeps more of an instance from now on; the one that was opened longest ago gets no more than the others again. */
  open(id: string): void {
    this.#opened.delete(id);
    this.#opened.add(id);
    this.#resize(id, this.#bounds.long);
    if (this.#opened.size <= this.#bounds.opened) return;
    const [oldest] = this.#opened;
    if (oldest === undefined) return;
    this.#opened.delete(oldest);
    this.#resize(oldest, this.#bounds.short);
  }

  /** CPU in percent and coverage of the latest window of an instance; NaN where there is none. */
  latest(id: string): { readonly cpu: number; readonly coverage: number } {
    const ring = [...(this.#kept.get(id)?.rings ?? [])].sort(([a], [b]) => a - b)[0]?.[1];
    const slot = ring?.slots().at(-1);
    if (ring === undefined || slot === undefined) return { cpu: Number.NaN, coverage: Number.NaN };
    return { cpu: ring.latest('', 'cpu_util'), coverage: ring.window(slot).coverage };
  }

  /** The kept windows of an instance, of this size (microseconds) or of the smallest; null: none are. */
  history(id: string, wanted: number | null): VmHistory | null {
    const kept = this.#kept.get(id);
    if (!kept) return null;
    const sizes = [...kept.rings.keys()].sort((a, b) => a - b);
    const size = sizes.find((each) => each === wanted) ?? sizes[0];
    const ring = size === undefined ? undefined : kept.rings.get(size);
    if (size === undefined || ring === undefined) return null;
    const slots = ring.slots();
    const windows = slots.map((slot) => ring.window(slot));
    return {
      id,
      name: kept.name,
      host: kept.host,
      sizeMs: size / 1000,
      sizesMs: sizes.map((each) => each / 1000),
      endAt: windows.map(({ index }) => ((index + 1) * size) / 1000),
      coverage: windows.map(({ coverage }) => orNull(coverage)),
      flags: windows.map(({ flags }) => flagNames(flags)),
      hosts: windows.map(({ host }) => host),
      series: ring
        .series(slots)
        .map(({ meter, device, values }) => ({ meter, device, unit: unitOf(meter), values: values.map(orNull) })),
      left: kept.left.size,
    };
  }

  #put({ kept, ring, slot, device, host }: Place, { name, volume, coverage, flags }: Sample): void {
    ring.note(slot, coverage, flags.length === 0 ? 0 : bitsOf(flags), host);
    const column = ring.columnsOf(device).get(name) ?? this.#addColumn(kept, ring, device, name);
    if (column < 0) this.#leftOut++;
    else ring.put(column, slot, Number(volume));
  }

  /** Where a sample's values go; null: nowhere. A host's has no instance. */
  #placeOf(sample: Sample): Place | null {
    const { windowStart, windowEnd, resource } = sample;
    const { instance_id: id, instance_host } = resource.metadata;
    if (typeof id !== 'string') return null;
    const kept = this.#of(id, sample);
    const size = windowEnd - windowStart;
    const ring = kept?.rings.get(size);
    if (!kept || !ring) return null;
    if (windowEnd > this.#newestEnd) this.#newestEnd = windowEnd;
    const slot = ring.slot(windowStart / size);
    return slot < 0
      ? null
      : { kept, ring, slot, device: deviceOf(resource.metadata), host: stringOrNull(instance_host) };
  }

  /** −1: it finds no room. */
  #addColumn(kept: Kept, ring: WindowRing, device: string, meter: string): number {
    const { id, left } = kept;
    const bytes = ring.nextColumnBytes;
    if (ring.columns >= this.#bounds.series || !this.#hasRoom(id, bytes)) {
      if (left.size < this.#bounds.series) left.add(`${meter} ${device}`);
      return -1;
    }
    this.#bytes += bytes;
    return ring.addColumn(device, meter);
  }

  /** The instance of a sample with a ring of its size, made if there is room. */
  #of(id: string, { windowStart, windowEnd, resource: { metadata } }: Sample): Kept | null {
    const size = windowEnd - windowStart;
    const known = this.#kept.get(id);
    const kept = known ?? { id, name: null, host: null, endAt: windowEnd, rings: new Map(), left: new Set() };
    if (!kept.rings.has(size)) {
      const length = this.#opened.has(id) ? this.#bounds.long : this.#bounds.short;
      const bytes = emptyRingBytes(length) + (known ? 0 : KEPT_BYTES);
      if (!this.#hasRoom(id, bytes)) {
        this.#leftOut++;
        return null;
      }
      kept.rings.set(size, new WindowRing(length));
      this.#kept.set(id, kept);
      this.#bytes += bytes;
    }
    if (windowEnd > kept.endAt) {
      // Where it stands in the map tells how long ago it was heard of.
      this.#kept.delete(id);
      this.#kept.set(id, kept);
      kept.endAt = windowEnd;
    }
    kept.name = stringOrNull(metadata.display_name) ?? kept.name;
    kept.host = stringOrNull(metadata.instance_host) ?? kept.host;
    return kept;
  }

  /** Makes room for bytes of an instance by forgetting those heard of longest ago, if they have gone or this one was asked for. */
  #hasRoom(id: string, bytes: number): boolean {
    while (this.#bytes + bytes > this.#bounds.bytes) {
      const victim = this.#victim(id);
      if (!victim || !(this.#opened.has(id) || this.#isGone(victim))) return false;
      this.#kept.delete(victim.id);
      this.#bytes -= KEPT_BYTES + [...victim.rings.values()].reduce((sum, ring) => sum + ring.bytes, 0);
    }
    return true;
  }

  /** The instance heard of longest ago that nobody opened. */
  #victim(except: string): Kept | undefined {
    for (const kept of this.#kept.values()) if (kept.id !== except && !this.#opened.has(kept.id)) return kept;
    return undefined;
  }

  /** Its windows are older than a ring is long. */
  #isGone({ endAt, rings }: Kept): boolean {
    const longest = Math.max(...[...rings].map(([size, ring]) => size * ring.length));
    return endAt < this.#newestEnd - longest;
  }

  #resize(id: string, length: number): void {
    for (const [size, ring] of this.#kept.get(id)?.rings ?? []) {
      const resized = ring.resized(length);
      if (!this.#hasRoom(id, resized.bytes - ring.bytes)) return;
      this.#kept.get(id)?.rings.set(size, resized);
      this.#bytes += resized.bytes - ring.bytes;
    }
  }
}

/** Of one resource and one window. */
const isBeside = (a: Sample, b: Sample): boolean =>
  a.resource === b.resource && a.windowEnd === b.windowEnd && a.windowStart === b.windowStart;

/** The disk or nic that a sample is of; empty: the instance itself. */
const deviceOf = ({ disk_name, vnic_name }: Readonly<Record<string, unknown>>): string =>
  stringOrNull(disk_name) ?? stringOrNull(vnic_name) ?? '';

const BITS: ReadonlyMap<string, number> = new Map(FLAGS.map((flag, bit) => [flag, 1 << bit]));

function bitsOf(flags: readonly string[]): number {
  let bits = 0;
  for (const flag of flags) bits |= BITS.get(flag) ?? 0;
  return bits;
}

const stringOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
