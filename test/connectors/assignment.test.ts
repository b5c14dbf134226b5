import { describe, expect, test } from 'vitest';
import { type Claim, decodeClaim, encodeClaim, nextToken, resumedToken } from '../../connectors/assignment/claim.ts';
import { groupConfig, shardConfig } from '../../connectors/assignment/config.ts';
import type { CoordinationLog } from '../../connectors/assignment/coordination-log.ts';
import { fixedOwnership } from '../../connectors/assignment/fixed.ts';
import { groupOwnership } from '../../connectors/assignment/group.ts';
import type { Listing, Share } from '../../connectors/assignment/ownership.ts';
import { Seat } from '../../connectors/assignment/seat.ts';
import type { Held } from '../../connectors/assignment/tenure.ts';
import { dealEndpoint } from '../../pipeline/cli/assignment.ts';
import type { RawMessage } from '../../pipeline/kafka/intake.ts';
import { KafkaError } from '../../pipeline/kafka/kafka-error.ts';
import type { Outgoing } from '../../pipeline/kafka/raw-producer.ts';
import type { Membership } from '../../pipeline/kafka/rebalance.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { handClock } from './hand-clock.ts';

const claim = (over: Partial<Claim> = {}): Claim => ({
  collector: 'c1',
  member: 'm1',
  token: 100,
  at: 50,
  released: false,
  partitions: 2,
  count: 0,
  endpoints: [],
  ...over,
});

describe('a shard', () => {
  test.each([
    ['2 of 3', { index: 1, count: 3 }],
    [' 1 of 1 ', { index: 0, count: 1 }],
    [
      { index: 0, count: 2 },
      { index: 0, count: 2 },
    ],
  ])('%j', (written, read) => {
    expect(shardConfig.parse(written)).toEqual(read);
  });

  test.each(['0 of 3', '4 of 3', '2/3', 'of', { index: 2, count: 2 }])('%j is refused', (written) => {
    expect(shardConfig.safeParse(written).success).toBe(false);
  });

  test('every endpoint is of one shard of n, the same one everywhere', async () => {
    const shares: Share[] = [];
    for (const index of [0, 1, 2])
      await fixedOwnership({ index, count: 3 }, dealEndpoint, 7).start({
        hold: async (share) => void shares.push(share),
      });
    const names = Array.from({ length: 300 }, (_, number) => `kvm${number}`);
    for (const name of names) expect(shares.filter((share) => share.has(name))).toHaveLength(1);
    for (const share of shares) expect(names.filter((name) => share.has(name)).length).toBeGreaterThan(70);
    // Kafka's own partitioner says so, too.
    expect(dealEndpoint('kvm1', 64)).toBe(dealEndpoint('kvm1', 64));
  });
});

describe('a claim', () => {
  test('comes back as it was written', () => {
    const whole = claim({ released: true, endpoints: ['a', 'ü'], count: 2 });
    expect(decodeClaim(encodeClaim(whole))).toEqual(whole);
  });

  test.each(['', 'nonsense', '{}', '[]', 'null', '{"collector":"c","member":"m","token":1.5,"at":1}'])(
    '%j is none',
    (text) => {
      expect(decodeClaim(Buffer.from(text))).toBeNull();
    },
  );

  test('its token grows with every owner, whatever the clocks say', () => {
    expect(nextToken(0, 1000)).toBe(1000);
    expect(nextToken(5000, 1000)).toBe(6000);
    // One that was started again and could not claim stays below whoever came after it.
    expect(resumedToken(5000)).toBeLessThan(nextToken(5000, 0));
  });
});

describe('a seat', () => {
  const message = (offset: number, written: Claim): RawMessage => ({
    partition: 0,
    offset,
    timestampUs: 0,
    value: encodeClaim(written),
  });
  const seatAt = (low: number, high: number): Seat => new Seat({ partition: 0, low, high, now: 60e6, monotonic: 0 });

  test('is claimed at once where nobody ever had it', () => {
    const seat = seatAt(0, 0);
    expect(seat.isClaimDue(0)).toBe(true);
    expect(seat.servedUntil(5e6)).toBeNull();
  });

  test('is read first, and claimed after two seconds all the same', () => {
    const seat = seatAt(0, 2);
    seat.read(message(0, claim()), 'me', 0);
    expect([seat.isClaimDue(1e6), seat.isClaimDue(2e6)]).toEqual([false, true]);
    seat.read(message(1, claim({ token: 900 })), 'me', 0);
    expect(seat.isClaimDue(1e6)).toBe(true);
    expect(seat.nextToken(500)).toBe(1900);
  });

  test('of an owner that let go is served until then; of one that did not, until it must have been silent', () => {
    const released = seatAt(0, 1);
    released.read(message(0, claim({ released: true, at: 41e6 })), 'me', 0);
    expect(released.servedUntil(5e6)).toBe(41e6);
    const silent = seatAt(0, 1);
    silent.read(message(0, claim({ at: 20e6 })), 'me', 0);
    expect(silent.servedUntil(5e6)).toBe(55e6);
  });

  test('is claimed again when somebody deposed has claimed it above, after a while', () => {
    const seat = seatAt(0, 0);
    seat.claimed(1000);
    seat.read(message(0, claim({ member: 'me', token: 1000 })), 'me', 0);
    seat.read(message(1, claim({ token: 999 })), 'me', 0);
    expect(seat.isClaimDue(9e6)).toBe(false);
    seat.read(message(2, claim({ token: 2000 })), 'me', 9e6);
    expect([seat.isClaimDue(10e6), seat.isClaimDue(11e6)]).toEqual([false, true]);
    expect(seat.nextToken(1500)).toBe(3000);
  });
});

const ALL: Listing = { endpoints: ['a', 'b', 'c', 'd'], isWhole: true };

interface Before {
  readonly first?: Listing;
  /** What it held when it ended, if it remembers. */
  readonly before?: Held | null;
  readonly isThere?: boolean;
}

/** One member of a group whose log and whose answers the test makes. */
async function member({ first = ALL, before, isThere = true }: Before = {}) {
  let listing = first;
  const notes: Held[] = [];
  const clock = handClock();
  const events: InternalEvent[] = [];
  const shares: Share[] = [];
  const log: RawMessage[] = [];
  const position = new Map<number, number>();
  // `isThere`: the brokers; `isCoordinated`: the one of them that leads the group.
  const state = { isThere, isCoordinated: true, joins: 0 };
  let owner: Membership | undefined;
  const endOf = (partition: number): number => log.filter((message) => message.partition === partition).length;
  const append = ({ partition, value }: Outgoing): void => {
    log.push({ partition, offset: endOf(partition), timestampUs: 0, value });
  };
  const open = async (): Promise<CoordinationLog> => {
    if (!state.isThere) throw new KafkaError('no broker answers', { away: true });
    return topic;
  };
  const topic: CoordinationLog = {
    partitions: 2,
    write: async (messages) => {
      if (!state.isThere) throw new Error('no broker answers');
      messages.forEach(append);
    },
    close: async () => {
      await owner?.onRevoke([...position.keys()]);
      position.clear();
    },
    consumer: {
      join: (given) => {
        owner = given;
        state.joins++;
      },
      pull: async () =>
        [...position].flatMap(([partition, from]) => {
          const messages = log.filter((message) => message.partition === partition && message.offset >= from);
          position.set(partition, endOf(partition));
          return messages;
        }),
      watermarkOffsets: async (partition) => {
        if (!state.isThere) throw new Error('no broker answers');
        return { low: 0, high: endOf(partition) };
      },
      committed: async (partitions) => {
        if (!state.isThere || !state.isCoordinated) throw new Error('no coordinator answers');
        return new Map(partitions.map((partition) => [partition, null]));
      },
      close: async () => undefined,
    },
  };
  const tenure = { held: before ?? null, write: async (held: Held) => void notes.push(held) };
  const ownership = groupOwnership({
    open,
    deal: (endpoint) => (endpoint < 'c' ? 0 : 1),
    collector: 'c1',
    sessionMs: 10_000,
    heartbeatMs: 1000,
    listing: () => listing,
    clock,
    report: (event) => events.push(event),
    ...(before === undefined ? {} : { tenure }),
  });
  await ownership.start({ hold: async (share) => void shares.push(share) });
  return {
    clock,
    events,
    ownership,
    state,
    claims: () => log.map(({ partition, value }) => ({ partition, ...(decodeClaim(value) as Claim) })),
    append: (partition: number, written: Claim) => append({ partition, value: encodeClaim(written) }),
    list: (next: Listing) => {
      listing = next;
    },
    held: () => listing.endpoints.filter((endpoint) => shares.at(-1)?.has(endpoint)),
    share: () => shares.at(-1) as Share,
    noted: () => notes.at(-1)?.tokens,
    assign: async (...partitions: number[]) => {
      const starts = await (owner as Membership).onAssign(partitions);
      for (const partition of partitions) position.set(partition, starts.get(partition) ?? 0);
      await clock.advance(100);
    },
    revoke: async (...partitions: number[]) => {
      const revoking = (owner as Membership).onRevoke(partitions);
      await clock.advance(0);
      await revoking;
      for (const partition of partitions) position.delete(partition);
      await clock.advance(100);
    },
  };
}

describe('a member of a group of collectors', () => {
  test('polls nothing until it is dealt something and has claimed it', async () => {
    const one = await member();
    await one.assign();
    expect([one.held(), one.claims()]).toEqual([[], []]);
    await one.assign(0);
    expect(one.held()).toEqual(['a', 'b']);
    expect(one.claims()).toMatchObject([{ partition: 0, collector: 'c1', released: false, endpoints: ['a', 'b'] }]);
    expect(one.share().generationOf('a')).toBe(one.claims()[0]?.token);
    await one.ownership.stop();
  });

  test('claims above the one before, and knows until when that one polled', async () => {
    const one = await member();
    one.append(0, claim({ token: 9e15, at: 123, released: true }));
    await one.assign(0);
    expect(one.share().generationOf('a')).toBe(9e15 + 1000);
    expect(one.share().servedUntil('a')).toBe(123);
    expect(one.events).toContainEqual(
      expect.objectContaining({ event: 'coordination.claimed', former: 'c1', released: true }),
    );
    await one.ownership.stop();
  });

  test('lets go of what is taken away, and writes until when it polled', async () => {
    const one = await member();
    await one.assign(0, 1);
    expect(one.held()).toEqual(['a', 'b', 'c', 'd']);
    const at = one.clock.now();
    await one.revoke(1);
    expect(one.held()).toEqual(['a', 'b']);
    expect(one.claims().at(-1)).toMatchObject({ partition: 1, released: true, at });
    await one.ownership.stop();
    expect(one.claims().at(-1)).toMatchObject({ partition: 0, released: true });
    expect(one.held()).toEqual([]);
  });

  test('polls on what is taken away while no broker answers, until the group has dealt anew', async () => {
    const one = await member();
    await one.assign(0, 1);
    one.state.isThere = false;
    await one.revoke(0, 1);
    expect(one.held()).toEqual(['a', 'b', 'c', 'd']);
    expect(one.events).toContainEqual({ event: 'coordination.cut_off', partitions: 2 });
    one.state.isThere = true;
    await one.assign(1);
    expect(one.held()).toEqual(['c', 'd']);
    await one.ownership.stop();
  });

  test('polls on while only the coordinator of the group is away: nobody else can have been given anything', async () => {
    const one = await member();
    await one.assign(0, 1);
    one.state.isCoordinated = false;
    await one.revoke(0, 1);
    expect(one.held()).toEqual(['a', 'b', 'c', 'd']);
    expect(one.claims().filter(({ released }) => released)).toEqual([]);
    one.state.isCoordinated = true;
    await one.assign(0);
    expect(one.held()).toEqual(['a', 'b']);
    await one.ownership.stop();
  });

  test('names what the one before polled and its own list lacks', async () => {
    const one = await member();
    one.append(0, claim({ endpoints: ['a', 'b', 'b2'], count: 3 }));
    await one.assign(0);
    expect(one.events).toContainEqual({
      event: 'coordination.differs',
      partition: 0,
      former: 'c1',
      missing: ['b2'],
    });
    await one.ownership.stop();
  });

  test('compares lists only when it knows all of its own: a discovery that has not answered yet is no difference', async () => {
    const one = await member({ first: { endpoints: [], isWhole: false } });
    one.append(0, claim({ endpoints: ['a', 'b', 'b2'], count: 3 }));
    await one.assign(0);
    expect(one.claims().at(-1)).toMatchObject({ released: false, endpoints: [] });
    one.list({ endpoints: ['a'], isWhole: false });
    await one.clock.advance(1000);
    expect(one.events.filter(({ event }) => event === 'coordination.differs')).toEqual([]);
    one.list({ endpoints: ['a', 'b'], isWhole: true });
    await one.clock.advance(1000);
    expect(one.events.filter(({ event }) => event === 'coordination.differs')).toEqual([
      { event: 'coordination.differs', partition: 0, former: 'c1', missing: ['b2'] },
    ]);
    await one.ownership.stop();
  });

  test('tells in its claims what it lists by now, with the same token, so that what is given up is not missed later', async () => {
    const one = await member();
    await one.assign(0, 1);
    const [first] = one.claims();
    one.list({ endpoints: ['a', 'c', 'd'], isWhole: true });
    await one.clock.advance(1000);
    expect(one.claims().slice(2)).toMatchObject([
      { partition: 0, token: first?.token, released: false, endpoints: ['a'], count: 1 },
    ]);
    await one.ownership.stop();
  });

  test('joins anew where somebody deals to more partitions', async () => {
    const one = await member();
    await one.assign(0);
    one.append(0, claim({ partitions: 8 }));
    await one.clock.advance(100);
    expect(one.events).toContainEqual(expect.objectContaining({ event: 'coordination.failed' }));
    await one.clock.advance(2000);
    expect(one.state.joins).toBe(2);
    await one.ownership.stop();
  });
});

describe('a member that begins while no broker answers', () => {
  test('cannot, where it remembers nothing over a restart', async () => {
    await expect(member({ isThere: false })).rejects.toThrow('no broker answers');
  });

  test('polls nothing that it did not hold before', async () => {
    const one = await member({ before: null, isThere: false });
    expect(one.held()).toEqual([]);
    one.state.isThere = true;
    await one.clock.advance(2000);
    await one.assign(1);
    expect(one.held()).toEqual(['c', 'd']);
    await one.ownership.stop();
  });

  test('polls what it held, above its own polls before and below those of whoever was given it since', async () => {
    const one = await member({ before: { partitions: 2, tokens: [[0, 5000]] }, isThere: false });
    expect(one.held()).toEqual(['a', 'b']);
    expect(one.share().generationOf('a')).toBe(5001);
    expect(one.noted()).toEqual([[0, 5001]]);
    one.state.isThere = true;
    await one.clock.advance(2000);
    expect(one.held()).toEqual(['a', 'b']);
    await one.assign(1);
    expect(one.held()).toEqual(['c', 'd']);
    expect(one.noted()?.map(([partition]) => partition)).toEqual([1]);
    await one.ownership.stop();
    expect(one.noted()).toEqual([]);
  });

  test('lets go of it where the topic has another number of partitions now', async () => {
    const one = await member({ before: { partitions: 3, tokens: [[0, 5000]] }, isThere: false });
    one.state.isThere = true;
    await one.clock.advance(2000);
    expect(one.held()).toEqual([]);
    await one.ownership.stop();
  });

  test('still holds, for the next start, what it could not tell that it let go', async () => {
    const one = await member({ before: null });
    await one.assign(0);
    const noted = one.noted();
    expect(noted?.map(([partition]) => partition)).toEqual([0]);
    one.state.isThere = false;
    const stopping = one.ownership.stop();
    await one.clock.advance(5000);
    await stopping;
    expect(one.noted()).toEqual(noted);
  });
});

test('a group has its own words', () => {
  expect(groupConfig.parse({})).toEqual({
    topic: 'hypermeter.collectors',
    name: 'hypermeter.collectors',
    partitions: 64,
    sessionTimeout: 10e6,
  });
});
