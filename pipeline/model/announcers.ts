import { type Identity, STATES } from '../../avro/snapshot.ts';
import type { Circumstances } from './circumstances.ts';
import { merge, overlay } from './identity.ts';
import type { InstanceState } from './state.ts';

/**
 * Sources that announce: they tell what an instance is and what becomes of it, and have not looked whether it runs
 * (docs/semantics.md R19). They end no life by its state, list nobody, and nobody waits for them.
 */
const ANNOUNCERS: ReadonlySet<string> = new Set(['nova']);

/** Does a source of the kind announce? */
export const announces = (kind: string): boolean => ANNOUNCERS.has(kind);

/** What was announced of an instance. Times in microseconds. */
export interface Announced {
  /** Start of the newest poll that told of it. */
  readonly at: number;
  /** An index into STATES. */
  readonly state: number;
  /** NaN: it is said to be there. */
  readonly deletedAt: number;
  readonly identity: Identity | null;
  /** When it was last said that the hypervisors see it otherwise; −∞: never. */
  readonly toldAt: number;
}

const NOSTATE = STATES.indexOf('NOSTATE');
const RUNNING = STATES.indexOf('RUNNING');

/** Is it said to run? */
export const isSaidToRun = ({ state, deletedAt }: Announced): boolean => state === RUNNING && Number.isNaN(deletedAt);

/**
 * An announcer tells of an instance. What is not newer than what it told before is no news. Is it news that it was
 * deleted? Said again that is none: whoever read it since knows better.
 */
export function applyAnnouncement(
  { polledAt, watched }: Circumstances,
  instance: InstanceState,
  state: number,
  deletedAt: number,
  identity: Identity | null,
): boolean {
  const before = instance.announced;
  if (before !== null && polledAt <= before.at) return false;
  const known = before?.identity ?? null;
  // A volume's use, or bandwidth, tells neither: it may come after the deletion.
  const isOfUse = state === NOSTATE && identity === null;
  instance.announced = {
    at: polledAt,
    state: state === NOSTATE && before !== null ? before.state : state,
    deletedAt: isOfUse && Number.isNaN(deletedAt) && before !== null ? before.deletedAt : deletedAt,
    identity: identity === null || known === null ? (identity ?? known) : laidOver(identity, known),
    toldAt: before?.toldAt ?? Number.NEGATIVE_INFINITY,
  };
  if (identity !== null) know(instance);
  if (isSaidToRun(instance.announced) && !instance.isHost) watched.instances.add(instance);
  return !Number.isNaN(deletedAt) && (before === null || Number.isNaN(before.deletedAt));
}

/** Who names an instance tells all of its labels, which may be none any more; a volume's use, or bandwidth, tells neither. */
const laidOver = (word: Identity, known: Identity): Identity => {
  const all = overlay(word, known);
  return word.name === null ? all : { ...all, metadata: word.metadata };
};

/** A hypervisor tells what an instance is; what an older poll told is not news. */
export function applyIdentity({ polledAt }: Circumstances, instance: InstanceState, identity: Identity): void {
  if (polledAt < instance.identifiedAt) return;
  instance.identifiedAt = polledAt;
  instance.listedAs = identity;
  know(instance);
}

function know(instance: InstanceState): void {
  instance.identity = merge({ listedAs: instance.listedAs, announcedAs: instance.announced?.identity ?? null });
  instance.identityUnsaved = true;
}

/** When the instance came to be, as it was announced; NaN: it was not. */
export const birthOf = ({ announced }: InstanceState): number => announced?.identity?.createdAt ?? Number.NaN;
