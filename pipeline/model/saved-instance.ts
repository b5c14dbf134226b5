import { EMPTY_IDENTITY, type Identity, STATES } from '../../avro/snapshot.ts';
import { createReader, createWriter } from './bytes.ts';
import { isGone } from './deletion.ts';
import { merge } from './identity.ts';
import { createSource, type SourceProgress } from './progress.ts';
import { readBlock, writeBlock } from './saved-block.ts';
import { newerVersion, SavedStateError } from './saved-error.ts';
import { createInstance, type InstanceState } from './state.ts';

/**
 * One instance as bytes:
 *
 *   version, uuid (4 doubles), host?, when it was listed, vcpus; since version 2: state + 1, last windows told
 *   the ids of the sources that it names, by number + 1 from here on, 0 for none
 *   when it was absent and by whom; since version 3: by whom it was listed, when identified, gone and forgotten; announced
 *   blocks (`saved-block.ts`)
 */
const VERSION = 3;

const writer = createWriter();

/** Writes everything of an instance but its identity, which is large and changes seldom. */
export function writeInstance(instance: InstanceState): Buffer {
  writer.byte(VERSION);
  writer.doubles(instance.uuid);
  writer.byte(instance.isHost ? 1 : 0);
  writer.double(instance.listedAt);
  writer.double(instance.vcpus);
  writer.byte(instance.state + 1);
  writer.doubles(instance.told);
  const ids = sourcesOf(instance);
  writer.count(ids.length);
  for (const id of ids) writer.text(id);
  writer.count(instance.absent === null ? 0 : ids.indexOf(instance.absent.source.id) + 1);
  if (instance.absent !== null) writer.double(instance.absent.at);
  writer.count(instance.listedBy === null ? 0 : ids.indexOf(instance.listedBy.id) + 1);
  writer.double(instance.identifiedAt);
  const isShort = !isGone(instance) && instance.forgottenAt === Number.NEGATIVE_INFINITY && instance.announced === null;
  writer.doubles(isShort ? [] : [instance.goneAt, instance.forgottenAt, ...announcedOf(instance)]);
  writer.count(instance.blocks.length);
  for (const block of instance.blocks) writeBlock(writer, block, ids);
  return writer.take();
}

/** What was announced of an instance but its identity; nothing where nothing was. */
const announcedOf = ({ announced }: InstanceState): readonly number[] =>
  announced === null ? [] : [announced.at, announced.state, announced.deletedAt, announced.toldAt];

/** The ids of the sources that an instance refers to, each once. */
function sourcesOf({ absent, listedBy, blocks }: InstanceState): readonly string[] {
  const ids: string[] = [];
  const note = ({ id }: SourceProgress): void => {
    if (!ids.includes(id)) ids.push(id);
  };
  if (absent !== null) note(absent.source);
  if (listedBy !== null) note(listedBy);
  for (const { together, lives } of blocks) {
    if (together !== null) note(together.source);
    for (const { source } of lives) note(source);
  }
  return ids;
}

/** What is known of the partition that an instance belongs to. */
export interface Surroundings {
  /** The number of window sizes. */
  readonly sizes: number;
  readonly sources: ReadonlyMap<string, SourceProgress>;
}

/** Reads what `writeInstance` wrote. Throws a SavedStateError. */
export function readInstance(key: string, bytes: Buffer, { sizes, sources }: Surroundings): InstanceState {
  const what = `the saved state of instance ${key}`;
  const reader = createReader(what, bytes);
  const version = reader.byte();
  if (version > VERSION) throw newerVersion(what, version, VERSION);
  const broken = (): SavedStateError => new SavedStateError('undecodable', `${what} does not hold together`);
  const instance = createInstance(key, reader.exactly(4), reader.byte() === 1);
  instance.listedAt = reader.double();
  instance.vcpus = reader.double();
  if (version >= 2) {
    instance.state = reader.byte() - 1;
    instance.told = [...reader.doubles()];
    if (instance.state >= STATES.length || instance.told.length > sizes) throw broken();
  }
  const ids = Array.from({ length: reader.countOf(1) }, () => reader.text());
  // A source that was silent for long is forgotten before the epochs that it told (R13): it is nobody's then.
  const named = ids.map((id) => sources.get(id) ?? createSource(id));
  const sourceAt = (index: number): SourceProgress => {
    const source = named[index];
    if (!source) throw broken();
    return source;
  };
  const absent = reader.count();
  if (absent > 0) instance.absent = { source: sourceAt(absent - 1), at: reader.double() };
  if (version >= 3) {
    const listedBy = reader.count();
    if (listedBy > 0) instance.listedBy = sourceAt(listedBy - 1);
    instance.identifiedAt = reader.double();
    if (!readEnds(instance, reader.doubles())) throw broken();
  }
  const context = { reader, version, sizes, sourceAt, broken };
  for (let left = reader.countOf(1); left > 0; left--) instance.blocks.push(readBlock(context));
  reader.end();
  return instance;
}

/** When it was gone and forgotten, and what was announced. False: that is something else. */
function readEnds(instance: InstanceState, numbers: readonly number[]): boolean {
  if (numbers.length === 0) return true;
  if (numbers.length !== 2 && numbers.length !== 6) return false;
  const [goneAt, forgottenAt, at, state, deletedAt, toldAt] = numbers as [number, number, ...number[]];
  Object.assign(instance, { goneAt, forgottenAt });
  if (at === undefined || state === undefined || deletedAt === undefined || toldAt === undefined) return true;
  instance.announced = { at, state, deletedAt, toldAt, identity: null };
  return STATES[state] !== undefined;
}

/**
 * An identity as bytes: JSON, as it holds texts and safe numbers only. Where something was announced,
 * `{"listed": …, "announced": …}`.
 */
export function writeIdentity({ listedAs, announced }: InstanceState): Buffer {
  const announcedAs = announced?.identity ?? null;
  return Buffer.from(JSON.stringify(announcedAs === null ? listedAs : { listed: listedAs, announced: announcedAs }));
}

/** Reads what `writeIdentity` wrote into the instance. Throws a SavedStateError. */
export function readIdentity(instance: InstanceState, bytes: Buffer): void {
  const { listed, announced } = parseIdentity(instance.key, bytes);
  instance.listedAs = listed;
  if (instance.announced !== null) instance.announced = { ...instance.announced, identity: announced };
  instance.identity = merge({ listedAs: listed, announcedAs: announced });
}

function parseIdentity(
  key: string,
  bytes: Buffer,
): { readonly listed: Identity | null; readonly announced: Identity | null } {
  try {
    const saved: unknown = JSON.parse(bytes.toString());
    if (isObject(saved) && !('announced' in saved)) return { listed: whole(saved), announced: null };
    if (isObject(saved) && isObject(saved.announced)) {
      const { listed, announced } = saved;
      return { listed: isObject(listed) ? whole(listed) : null, announced: whole(announced) };
    }
  } catch {
    // Said below, whatever the parser found.
  }
  throw new SavedStateError('undecodable', `the saved identity of instance ${key} is no JSON object`);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** What was saved before a field of the contract came has its default. */
const whole = (saved: Readonly<Partial<Identity>>): Identity => ({ ...EMPTY_IDENTITY, ...saved });
