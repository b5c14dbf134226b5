import { isOn, type Vm } from './inventory.ts';

/**
 * Under which uuid each VM goes, by its GUID: nova's, where its notes have one and that is wanted, else its own. Of
 * several with one uuid, a clone has its original's notes, the one that is on is kept; the others are not in the map.
 */
export function chooseIds(vms: readonly Vm[], fromNotes: boolean): ReadonlyMap<string, Buffer> {
  const taken = new Set<string>();
  const ids = new Map<string, Buffer>();
  const order = vms.toSorted(
    (one, other) => Number(isOn(other.state)) - Number(isOn(one.state)) || compare(one, other),
  );
  for (const { guid, novaUuid } of order) {
    const uuid = (fromNotes ? novaUuid : null) ?? guid;
    if (taken.has(uuid)) continue;
    taken.add(uuid);
    ids.set(guid, Buffer.from(uuid.replaceAll('-', ''), 'hex'));
  }
  return ids;
}

const compare = (one: Vm, other: Vm): number => (one.guid < other.guid ? -1 : 1);
