import type { Change } from '../connector.ts';
import { type Guest, isOn } from './inventory.ts';

/** What happened to a VM, by XAPI's uuid. */
export interface GuestChange {
  readonly uuid: string;
  readonly what: Change['what'];
}

/**
 * What a poll is to see at once, from one inventory to the next: who began to run, who does so no more, who is elsewhere
 * or has other devices. What happens to a VM that is off can wait.
 */
export function changesBetween(before: readonly Guest[], after: readonly Guest[]): readonly GuestChange[] {
  if (before === after) return [];
  const left = new Map(before.map((guest) => [guest.uuid, guest]));
  const changes = after.flatMap((guest): GuestChange[] => {
    const what = changeOf(left.get(guest.uuid), guest);
    left.delete(guest.uuid);
    return what === null ? [] : [{ uuid: guest.uuid, what }];
  });
  const gone = [...left.values()].filter(({ state }) => isOn(state));
  return [...changes, ...gone.map(({ uuid }): GuestChange => ({ uuid, what: 'stopped' }))];
}

function changeOf(before: Guest | undefined, after: Guest): Change['what'] | null {
  const wasOn = before !== undefined && isOn(before.state);
  if (isOn(after.state) !== wasOn) return wasOn ? 'stopped' : 'started';
  if (!wasOn || before === after) return null;
  if (after.isLeaving && !before.isLeaving) return 'stopping';
  return shapeOf(before) === shapeOf(after) ? null : 'changed';
}

/** Where and how it runs, and with what. */
const shapeOf = ({ state, host, domid, vcpus, nics, disks }: Guest): string =>
  JSON.stringify([
    state,
    host?.uuid,
    domid,
    vcpus,
    nics.map(({ device, mac }) => [device, mac]),
    disks.map(({ device, vdi }) => [device, vdi]),
  ]);
