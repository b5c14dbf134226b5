import type { Endpoint, Observation, Session } from '../../../connectors/connector.ts';
import { hyperv, hypervSchema } from '../../../connectors/hyperv/hyperv.ts';
import { type Clock, systemClock } from '../../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { fleet } from '../../fakes/hyperv/fleet.ts';
import { FakeHyperv, type FakeOptions } from '../../fakes/hyperv/hyperv.ts';
import { World, type WorldOptions } from '../../fakes/hyperv/world.ts';

export const NOON = Date.UTC(2026, 10, 26, 12) * 1000;
export const HOUR = 3_600_000_000;
const SECOND = 1_000_000;

/** Stands still but for `jump`; who sleeps sleeps by the system's clock, `speed` times faster. */
export interface StillClock extends Clock {
  jump(seconds: number): void;
}

export function stillClock(speed = 1): StillClock {
  let ahead = 0;
  return {
    now: () => NOON + ahead,
    monotonic: () => 1_000_000 + ahead,
    sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
    random: () => 0,
    jump: (seconds) => {
      ahead += seconds * SECOND;
    },
  };
}

export interface Bench {
  readonly fake: FakeHyperv;
  readonly world: World;
  readonly clock: StillClock;
  readonly events: InternalEvent[];
  readonly endpoint: Endpoint;
  /** Opens the session if there is none, and polls it. */
  poll(): Promise<Observation>;
  /** Polls, after so many seconds. */
  later(seconds: number): Promise<Observation>;
  session(): Promise<Session>;
  reported<Name extends InternalEvent['event']>(name: Name): Extract<InternalEvent, { event: Name }>[];
  close(): Promise<void>;
}

export const never = (): AbortSignal => new AbortController().signal;

/** A fake host with its machines, and an endpoint that meters it with NTLM over HTTP unless it is told otherwise. */
export async function bench(
  machines: number | Omit<WorldOptions, 'now'> = 2,
  options: Partial<FakeOptions> = {},
  words: object = {},
  speed = 1,
): Promise<Bench> {
  const clock = stillClock(speed);
  const of = typeof machines === 'number' ? fleet(machines, 1, NOON - HOUR) : machines;
  const world = new World({ ...of, now: clock.now });
  const fake = await FakeHyperv.start({ world, ...options });
  const config = {
    name: 'hv1',
    type: 'hyperv',
    url: fake.url,
    username: 'EXAMPLE\\meter',
    password: 'secret',
    ...words,
  };
  const events: InternalEvent[] = [];
  const context = { clock, report: (event: InternalEvent) => events.push(event) };
  const endpoint = hyperv.create(hypervSchema.parse(config), context) as Endpoint;
  let open: Promise<Session> | undefined;
  const session = (): Promise<Session> => {
    open ??= endpoint.connect(never());
    return open;
  };
  const poll = async (): Promise<Observation> => (await session()).poll(never());
  return {
    fake,
    world,
    clock,
    events,
    endpoint,
    poll,
    session,
    later: (seconds) => {
      clock.jump(seconds);
      return poll();
    },
    reported: (name) =>
      events.filter((each): each is Extract<InternalEvent, { event: typeof name }> => each.event === name),
    close: async () => {
      await (await open?.catch(() => undefined))?.close();
      await fake.close();
    },
  };
}
