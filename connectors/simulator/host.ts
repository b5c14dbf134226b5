import type { SimulatorConfig } from './config.ts';
import { type Load, loadOf } from './load.ts';
import { between, digestOf, drawsOf, waitUs } from './random.ts';

/** Times in microseconds of real time; the host's own clock shows `skew` more. */
export interface Host {
  readonly index: number;
  /** `<name>-host-<n>`, the endpoint's id. */
  readonly id: string;
  readonly uuid: Buffer;
  readonly cpus: number;
  readonly skew: number;
  readonly load: Load;
  readonly history: HostHistory;
}

/** The host cannot be reached in [from, to); if it reboots, its VMs end at `from` and it boots at `to`. */
export interface Absence {
  readonly from: number;
  readonly to: number;
  readonly reboot: boolean;
}

/** Absences in order of time, known as far as somebody has asked; `more` makes the next one known, if there is one. */
interface HostHistory {
  readonly firstBoot: number;
  readonly absences: Absence[];
  readonly more: () => boolean;
}

const SECOND_US = 1_000_000;
const HOUR_US = 3_600 * SECOND_US;

/** Host number `index` of a fleet whose faults begin at `since`. */
export function createHost(config: SimulatorConfig, since: number, index: number): Host {
  const draw = drawsOf(config.seed, 'host', index);
  const skewUs = config.faults.skew * SECOND_US;
  const id = `${config.name}-host-${index + 1}`;
  return {
    index,
    id,
    uuid: uuidOf(digestOf(config.seed, 'host', config.name, index)),
    cpus: 2 ** between(draw, 4, 7),
    skew: Math.round((2 * draw() - 1) * skewUs),
    load: loadOf(config.seed, id),
    history: historyOf(config, since, draw),
  };
}

function historyOf(config: SimulatorConfig, since: number, draw: () => number): HostHistory {
  const absences: Absence[] = [];
  // Before any VM of the fleet began, which is at most a day before `since`.
  const firstBoot = since - between(draw, 25 * HOUR_US, 500 * HOUR_US);
  const more = (): boolean => {
    // A host that is back stays for a minute at least.
    const ready = absences.length === 0 ? since : (absences.at(-1) as Absence).to + 60 * SECOND_US;
    const from = ready + waitUs(draw, config.faults.hostAway);
    if (from === Number.POSITIVE_INFINITY) return false;
    absences.push({
      from,
      to: from + between(draw, 15 * SECOND_US, 45 * SECOND_US),
      reboot: absences.length % 2 === 1,
    });
    return true;
  };
  return { firstBoot, absences, more };
}

/** The absence during which `at` falls, if any. */
export function absenceAt(host: Host, at: number): Absence | undefined {
  knowUntil(host, at);
  return host.history.absences.findLast((absence) => absence.from <= at && at < absence.to);
}

/** When the host that answers at `at` had booted. */
export function bootedAt(host: Host, at: number): number {
  knowUntil(host, at);
  return host.history.absences.findLast(({ reboot, to }) => reboot && to <= at)?.to ?? host.history.firstBoot;
}

/** The first reboot that begins or is under way after `after`, if it begins before `before`. */
export function rebootWithin(host: Host, after: number, before: number): Absence | undefined {
  for (let index = 0; ; index++) {
    if (index === host.history.absences.length && !host.history.more()) return undefined;
    const absence = host.history.absences[index] as Absence;
    if (absence.from >= before) return undefined;
    if (absence.reboot && absence.to > after) return absence;
  }
}

function knowUntil(host: Host, at: number): void {
  const { absences, more } = host.history;
  while ((absences.at(-1)?.from ?? Number.NEGATIVE_INFINITY) <= at) if (!more()) return;
}

/** Makes an RFC 4122 version 4 uuid of the first 16 bytes of a digest. */
export function uuidOf(digest: Buffer): Buffer {
  const uuid = Buffer.from(digest.subarray(0, 16));
  uuid[6] = ((uuid[6] as number) & 0x0f) | 0x40;
  uuid[8] = ((uuid[8] as number) & 0x3f) | 0x80;
  return uuid;
}
