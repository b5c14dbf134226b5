import { afterEach } from 'vitest';
import type { Instance, Row } from '../../../avro/snapshot.ts';
import type { Endpoint, Observation, Poll, Session } from '../../../connectors/connector.ts';
import { proxmox, proxmoxSchema } from '../../../connectors/proxmox/proxmox.ts';
import { guestUuid } from '../../../connectors/proxmox/uuid.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { type FakeOptions, FakeProxmox, TOKEN } from '../../fakes/proxmox/fake-proxmox.ts';
import { sampleWorld } from '../../fakes/proxmox/sample-world.ts';
import type { World } from '../../fakes/proxmox/world.ts';
import { type HandClock, handClock } from '../hand-clock.ts';

export const START = Date.UTC(2026, 10, 26, 12) * 1000;
export const SECOND = 1_000_000;

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

export interface Bench {
  readonly clock: HandClock;
  readonly world: World;
  readonly fake: FakeProxmox;
  readonly events: InternalEvent[];
  readonly polls: Poll[];
  endpoint(words?: object): Endpoint;
  connect(to?: Endpoint): Promise<Session>;
  /** Lets time pass, then polls. */
  poll(session: Session, seconds?: number): Promise<Observation>;
}

export interface BenchOptions extends Partial<Omit<FakeOptions, 'world'>> {
  readonly nodes?: number;
  readonly guests?: number;
  readonly cluster?: string | null;
  readonly historyS?: number;
}

/** A cluster, an hour old, of which every poll is kept. */
export async function aCluster(options: BenchOptions = {}): Promise<Bench> {
  const { nodes = 2, guests = 4, cluster = 'lab', historyS = 3600, ...fakeOptions } = options;
  const clock = handClock(START);
  const world = sampleWorld({ now: clock.now, startedAt: START - historyS * SECOND, nodes, guests, cluster });
  const fake = await FakeProxmox.start({ world, ...fakeOptions });
  undo.push(() => fake.close());
  const events: InternalEvent[] = [];
  const polls: Poll[] = [];
  const endpoint = (words: object = {}): Endpoint => {
    const config = proxmoxSchema.parse({ name: 'pve', type: 'proxmox', url: fake.url(), ...TOKEN, ...words });
    const created = proxmox.create(config, { clock, report: (event) => events.push(event) });
    if (!('connect' in created)) throw new Error('proxmox is polled');
    return created;
  };
  return {
    clock,
    world,
    fake,
    events,
    polls,
    endpoint,
    connect: async (to = endpoint()) => {
      const session = await to.connect(AbortSignal.timeout(20_000));
      undo.push(() => session.close());
      return session;
    },
    poll: async (session, seconds = 10) => {
      await clock.advance(seconds * 1000);
      const seen = await session.poll(AbortSignal.timeout(20_000));
      const poll = { kind: 'proxmox', hypervisor: 'pve', scheduledAt: seen.startedAt, interval: 10 * SECOND };
      polls.push({ ...seen, ...poll, sequence: polls.length });
      return seen;
    },
  };
}

/** A guest in a poll. */
export function guestIn({ instances }: Observation, vmid: number, cluster = 'lab'): Instance {
  const uuid = guestUuid(cluster, vmid);
  const found = instances.find((instance) => instance.uuid.equals(uuid));
  if (!found) throw new Error(`${vmid} is not listed`);
  return found;
}

export const cumulative = ({ rows }: Instance): Row | undefined => rows.find(({ interval }) => interval === null);
export const amounts = ({ rows }: Instance): readonly Row[] => rows.filter(({ interval }) => interval !== null);
