import type { SimulatorConfig } from './config.ts';
import { absenceAt, bootedAt, type Host, rebootWithin } from './host.ts';
import { between, drawsOf, waitUs } from './random.ts';

/**
 * One life of an instance's counters: they begin at 0 at `from` and grow until `to`, on one host, which lists the
 * instance in [listedFrom, listedTo). Outside [from, to) the counters stand still. Real time in microseconds.
 */
export interface Life {
  readonly host: Host;
  /** Unique over all hosts. */
  readonly epoch: string;
  readonly listedFrom: number;
  readonly from: number;
  readonly to: number;
  readonly listedTo: number;
  /** Afterwards the host lists the instance as switched off, until its next life; else it has gone to another host. */
  readonly offAfterwards: boolean;
}

/** Lives in order of time, known as far as somebody has asked. */
export interface Biography {
  readonly lives: Life[];
  /** When the guest rebooted inside, which leaves its counters alone. */
  readonly guestReboots: number[];
  /** Makes the next life known; false if the last one has no end. */
  readonly more: () => boolean;
}

const SECOND_US = 1_000_000;
const HOUR_US = 3_600 * SECOND_US;

/** How a life began on its host: where, from when it is listed and from when it consumes. */
interface Beginning {
  readonly host: Host;
  readonly listedFrom: number;
  readonly from: number;
}

/** The biography of instance number `index`, among these hosts, with faults from `since` on. */
export function biographyOf(config: SimulatorConfig, since: number, hosts: readonly Host[], index: number): Biography {
  const draw = drawsOf(config.seed, 'life', index);
  const lives: Life[] = [];
  const guestReboots: number[] = [];
  const born = since - between(draw, 60 * SECOND_US, 24 * HOUR_US);
  const host = hosts[index % hosts.length] as Host;
  let beginning: Beginning | undefined = { host, listedFrom: born, from: born };
  const more = (): boolean => {
    if (beginning === undefined) return false;
    const end = endOf(config, since, hosts, draw, beginning, guestReboots);
    lives.push(lifeOf(beginning, index, end));
    beginning = end.next;
    return true;
  };
  return { lives, guestReboots, more };
}

interface End {
  readonly to: number;
  readonly listedTo: number;
  readonly next: Beginning | undefined;
}

function lifeOf({ host, listedFrom, from }: Beginning, index: number, { to, listedTo, next }: End): Life {
  // As a hypervisor would name it: the host's boot, and the domain's start in it.
  const epoch = `${host.id}/${bootedAt(host, listedFrom)}/${index}-${listedFrom}`;
  return { host, epoch, listedFrom, from, to, listedTo, offAfterwards: next?.host === host };
}

/** Draws what ends a life, and how the next one begins: the host's reboot, a migration, a stop and start. */
function endOf(
  config: SimulatorConfig,
  since: number,
  hosts: readonly Host[],
  draw: () => number,
  { host, from }: Beginning,
  guestReboots: number[],
): End {
  const { reboot, migrate } = config.faults;
  const migrates = hosts.length > 1 ? migrate : 0;
  // A life lasts half a minute at least, so that the phases of two ends never meet.
  let at = Math.max(from, since) + 30 * SECOND_US;
  for (;;) {
    at += waitUs(draw, reboot + migrates);
    const down = rebootWithin(host, from, at);
    if (down !== undefined) return stopped(host, down.from, down.to + between(draw, SECOND_US, 10 * SECOND_US));
    if (at === Number.POSITIVE_INFINITY) return { to: at, listedTo: at, next: undefined };
    if (draw() * (reboot + migrates) < migrates) {
      const target = hosts[(host.index + between(draw, 1, hosts.length)) % hosts.length] as Host;
      const end = migrated(draw, target, at);
      if (end !== undefined) return end;
    } else {
      const kind = draw();
      if (kind < 0.5) return stopped(host, at, at + between(draw, 2 * SECOND_US, 10 * SECOND_US));
      if (kind < 0.75) return stopped(host, at, at + between(draw, 60 * SECOND_US, 180 * SECOND_US));
      guestReboots.push(at);
    }
  }
}

/** Off from `to` until `again`, or until the host is there to start it. */
function stopped(host: Host, to: number, again: number): End {
  const down = rebootWithin(host, to, again);
  const from = down !== undefined && again < down.to ? down.to + SECOND_US : again;
  return { to, listedTo: to, next: { host, listedFrom: from, from } };
}

/**
 * The switch-over to another host at `at`: half of them with both hosts listing the instance for a second or so, half
 * with neither doing so, during which it stands still. Undefined if the target cannot be reached.
 */
function migrated(draw: () => number, target: Host, at: number): End | undefined {
  const early = between(draw, 100_000, 1_000_000);
  const late = between(draw, 100_000, 1_000_000);
  const overlaps = draw() < 0.5;
  const next = overlaps
    ? { host: target, listedFrom: at - early, from: at }
    : { host: target, listedFrom: at + late, from: at + late };
  if (absenceAt(target, at - early) || absenceAt(target, at + late)) return undefined;
  return { to: at, listedTo: overlaps ? at + late : at, next };
}

/** Every life that is listed by `at` or was before, in order of time. */
export function livesUntil(biography: Biography, at: number): readonly Life[] {
  return biography.lives.slice(0, begunBy(biography, at));
}

/** The last of those and the one before it, the last one first: no more than two lives are ever listed at once. */
export function lastLives(biography: Biography, at: number): readonly Life[] {
  const begun = begunBy(biography, at);
  return biography.lives.slice(Math.max(0, begun - 2), begun).reverse();
}

/** How many lives are listed by `at` or were before. Nearly always all but the last known one. */
function begunBy({ lives, more }: Biography, at: number): number {
  while ((lives.at(-1)?.listedFrom ?? Number.NEGATIVE_INFINITY) <= at) if (!more()) break;
  return lives.findLastIndex((life) => life.listedFrom <= at) + 1;
}
