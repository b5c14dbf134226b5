import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type BenchOptions, bench, ManualClock } from '../../fakes/libvirt-bench.ts';
import type { Call, Reaction } from '../../fakes/libvirtd.ts';
import { allStats, fakeDomain } from '../../fakes/libvirtd-answers.ts';

const STATS = 'CONNECT_GET_ALL_DOMAIN_STATS';
const FULL = 63;
const WITHOUT_MONITOR = 17;

let signal: AbortSignal;
beforeEach(() => {
  signal = AbortSignal.timeout(20_000);
});

/** A daemon whose statistics calls hang while `hung` says so of their ordinal number, from 0. */
async function open(hung: (ordinal: number, mask: number) => boolean, options: BenchOptions = {}) {
  const masks: number[] = [];
  const clock = new ManualClock();
  const react = ({ procedure, payload }: Call): Reaction | undefined => {
    if (procedure !== STATS) return undefined;
    expect(payload.readUInt32BE(0), 'all domains').toBe(0);
    expect(payload.readUInt32BE(8), 'NOWAIT').toBe(0x20000000);
    const mask = payload.readUInt32BE(4);
    masks.push(mask);
    return hung(masks.length - 1, mask) ? 'hang' : undefined;
  };
  const set = await bench({ domains: [fakeDomain(1), fakeDomain(2)], clock, react, ...options });
  const session = await set.endpoint.connect(signal);
  onTestFinished(async () => {
    await session.close();
    await set.fake.close();
  });
  const asked = (count: number) => vi.waitFor(() => expect(masks).toHaveLength(count));
  return { ...set, session, clock, masks, asked };
}

describe('a call that hangs', () => {
  it('is made again on the same connection, and its late reply is dropped', async () => {
    const { session, clock, fake, masks, asked } = await open((ordinal) => ordinal === 0);
    const poll = session.poll(signal);
    await asked(1);
    clock.advance(999);
    clock.advance(1);
    const { instances, calls } = await poll;
    expect([instances.length, calls, fake.connections]).toEqual([2, 4, 1]);
    fake.release();
    expect((await session.poll(signal)).calls).toBe(1);
    expect(masks).toEqual([FULL, FULL, FULL]);
  });

  it('is not waited for again while it hangs', async () => {
    const { session, clock, masks, asked } = await open((ordinal) => ordinal === 0);
    const poll = session.poll(signal);
    await asked(1);
    clock.advance(1000);
    await poll;
    expect((await session.poll(signal)).calls).toBe(1);
    expect(masks).toHaveLength(3);
  });

  it('twice: then only what needs no QEMU is asked, until one is answered', async () => {
    const { session, clock, fake, masks, asked } = await open((_, mask) => mask === FULL);
    const poll = session.poll(signal);
    await asked(1);
    clock.advance(1000);
    await asked(2);
    clock.advance(1000);
    expect((await poll).instances).toHaveLength(2);
    await session.poll(signal);
    expect(masks).toEqual([FULL, FULL, WITHOUT_MONITOR, WITHOUT_MONITOR]);
    fake.release();
    await vi.waitFor(async () => {
      const next = session.poll(AbortSignal.timeout(50));
      await next.catch(() => undefined);
      expect(masks.at(-1)).toBe(FULL);
    });
  });

  it('four times, with whatever was asked: nothing more is sent until one is answered', async () => {
    const { session, clock, fake, masks, asked } = await open(() => true);
    const given = new AbortController();
    const first = session.poll(given.signal);
    for (const count of [1, 2]) {
      await asked(count);
      clock.advance(1000);
    }
    await asked(3);
    const second = session.poll(given.signal);
    await asked(4);
    given.abort();
    for (const poll of [first, second]) await expect(poll).rejects.toMatchObject({ code: 'timeout' });
    await expect(session.poll(signal)).rejects.toThrow(/owes 4 answers/);
    expect(masks).toEqual([FULL, FULL, WITHOUT_MONITOR, WITHOUT_MONITOR]);
    fake.release();
    const again = (): Promise<unknown> => session.poll(AbortSignal.timeout(100));
    await vi.waitFor(() => expect(again()).rejects.toThrow(/in time/), { timeout: 10_000 });
  });

  it('past the poll’s own time rejects, and the session goes on', async () => {
    const { session, asked } = await open((ordinal) => ordinal === 0);
    const given = new AbortController();
    const poll = session.poll(given.signal);
    await asked(1);
    given.abort();
    await expect(poll).rejects.toMatchObject({ code: 'timeout' });
    expect((await session.poll(signal)).instances).toHaveLength(2);
  });

  it('of a host that is only slow is waited for thrice as long as the last', async () => {
    const { session, clock, fake, masks, asked } = await open((_, mask) => mask === FULL);
    const first = session.poll(signal);
    await asked(1);
    clock.advance(900);
    fake.release();
    await first;
    const second = session.poll(signal);
    await asked(2);
    clock.advance(2699);
    fake.release();
    await second;
    expect(masks).toEqual([FULL, FULL]);
  });
});

describe('a domain whose statistics fail', () => {
  it('is listed without values; the others have theirs', async () => {
    const domains = Array.from({ length: 9 }, (_, i) => fakeDomain(i + 1));
    const culprit = Buffer.from(fakeDomain(6).uuid, 'hex');
    const { session, fake } = await open(() => false, {
      domains,
      react: ({ procedure, payload }) => {
        if (procedure !== STATS) return undefined;
        const about = domains.filter(({ uuid }) => payload.includes(Buffer.from(uuid, 'hex')));
        if (about.length === 0 || payload.includes(culprit)) return { error: [1, 'internal error: cannot be read'] };
        return { payload: allStats(about) };
      },
    });
    const { instances, calls } = await session.poll(signal);
    expect(instances).toHaveLength(9);
    const broken = instances.filter(({ rows }) => rows[0]?.cpuTime == null);
    expect(broken.map(({ uuid }) => uuid.at(-1))).toEqual([6]);
    expect(calls - fake.count('DOMAIN_GET_XML_DESC'), 'all, list, and two for each halving').toBeLessThanOrEqual(2 + 9);
  });
});

it('asks for perf events if told to', async () => {
  const { session, masks } = await open(() => false, { config: { perf: true } });
  await session.poll(signal);
  expect(masks).toEqual([FULL | 64]);
});
