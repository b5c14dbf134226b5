import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openLink } from '../../../../pipeline/page/processes/link.ts';
import { openProcesses } from '../../../../pipeline/page/processes/processes.ts';
import { type Address, placeOf, placesOf } from '../../../../pipeline/page/processes/targets.ts';
import { eventText } from '../../../../pipeline/page/viewers.ts';
import { opsAddress } from '../../../../pipeline/runtime/ops-client.ts';
import { handClock } from '../../runtime/hand-clock.ts';
import { overview, row } from './members.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A process that tells what a test says to everybody who listens. */
async function speaker(host = '127.0.0.1', port = 0) {
  const listeners = new Set<ServerResponse>();
  const asked: { readonly url: string | undefined; readonly authorization: string | undefined }[] = [];
  let first = '';
  const server = createServer(({ url, headers }, response) => {
    asked.push({ url, authorization: headers.authorization });
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.write(first);
    listeners.add(response);
    response.once('close', () => listeners.delete(response));
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
  };
  ends.push(stop);
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    listeners,
    stop,
    /** What is told first from now on, and to those who listen. */
    say: (...events: readonly string[]) => {
      first = events.join('');
      for (const listener of listeners) listener.write(first);
    },
  };
}

const fleet = (rows: readonly object[], gone: readonly string[] = [], isAll = true) =>
  eventText('fleet', { changed: rows, gone, ...(isAll ? { isAll } : {}) });
const told = (service: string, rest = {}) => eventText('overview', overview(service, rest));

const linkTo = (address: string, clock = handClock()) => {
  const link = openLink(placeOf(opsAddress(address) as URL), clock);
  ends.push(link.close);
  return { known: link.known, state: () => link.known().state, link, clock };
};

describe('a process that is listened to', () => {
  it('is known as it tells itself, and changes with it', async () => {
    const at = await speaker();
    at.say(fleet([row('a'), row('b')]), told('c0'));
    const { known, state } = linkTo(`127.0.0.1:${at.port}`);
    expect(state()).toBe('connecting');
    await expect.poll(state).toBe('live');
    expect(known()).toMatchObject({ overview: { service: 'c0' }, rows: [{ name: 'a' }, { name: 'b' }], error: null });
    at.say(
      eventText('weather', { sun: true }),
      fleet([row('a', { readAt: 9 })], ['libvirt/b'], false),
      told('c0', { role: 'run' }),
    );
    await expect.poll(() => known().overview?.role).toBe('run');
    expect(known().rows).toEqual([row('a', { readAt: 9 })]);
  });

  it('is away when it ends, with what was known of it, and comes back', async () => {
    const clock = handClock();
    const at = await speaker();
    at.say(fleet([row('a')]), told('c0'));
    const { known, state } = linkTo(`127.0.0.1:${at.port}`, clock);
    await expect.poll(state).toBe('live');
    at.stop();
    await expect.poll(state).toBe('away');
    const { sinceAt } = known();
    expect(known()).toMatchObject({
      error: 'it closed the connection',
      rows: [{ name: 'a' }],
      overview: { service: 'c0' },
    });
    await expect
      .poll(async () => {
        await clock.advance(1000);
        return known().error;
      })
      .toBe('nobody listens there');
    expect(known().sinceAt).toBe(sinceAt);
    const again = await speaker('127.0.0.1', at.port);
    again.say(fleet([row('b')]), told('c0', { startedAt: 99 }));
    await expect
      .poll(
        async () => {
          await clock.advance(1000);
          return state();
        },
        { timeout: 20_000 },
      )
      .toBe('live');
    expect(known()).toMatchObject({ rows: [{ name: 'b' }], error: null });
  });

  it('is away when it says nothing for 8 s', async () => {
    const at = await speaker();
    at.say(told('c0'));
    const { known, state, clock } = linkTo(`127.0.0.1:${at.port}`);
    await expect.poll(state).toBe('live');
    for (let second = 0; second < 9; second++) await clock.advance(1000);
    await expect.poll(state).toBe('away');
    expect(known().error).toBe('it has said nothing for 8 s');
  });

  it.each([
    ['another version', told('c0', { fleet: {} }), 'foreign', /^fleet\.kind: /],
    ['a state that nobody knows', fleet([{ ...row('a'), state: 'dancing' }]), 'foreign', /^changed\.0\.state: /],
    ['no JSON', 'event: overview\ndata: {\n\n', 'foreign', /^what it tells is no JSON$/],
    ['a residual that is no number', told('c0', { pipeline: { residual: 'much' } }), 'foreign', /^pipeline\./],
    ['a page of several processes', told('page', { processes: [] }), 'foreign', /several processes itself: name those/],
    ['a fault of its own', eventText('fault', { message: 'x' }), 'away', /^it cannot show its state: .*x/],
  ])('that tells %s harms nobody', async (_, words, expected, why) => {
    const at = await speaker();
    at.say(words);
    const { known, state } = linkTo(`127.0.0.1:${at.port}`);
    await expect.poll(state).toBe(expected);
    expect(known().error).toMatch(why);
  });

  it('that tells more than is asked for is understood', async () => {
    const at = await speaker();
    at.say(fleet([{ ...row('a'), mood: 'fine' }]), told('c0', { weather: {} }));
    await expect.poll(linkTo(`127.0.0.1:${at.port}`).state).toBe('live');
  });

  it('is asked under its path, with its password in a header and nowhere else', async () => {
    const at = await speaker();
    const { known } = linkTo(`http://me:hunter2%40@127.0.0.1:${at.port}/meters`);
    await expect.poll(() => at.asked.length).toBe(1);
    const authorization = `Basic ${Buffer.from('me:hunter2@').toString('base64')}`;
    expect(at.asked).toEqual([{ url: '/meters/page/events', authorization }]);
    expect(known().place).toMatchObject({
      address: `127.0.0.1:${at.port}`,
      url: `http://127.0.0.1:${at.port}/meters/`,
    });
  });

  it('that has no page says what may be wrong', async () => {
    const server = createServer((_, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ends.push(() => server.close());
    const { known, state } = linkTo(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    await expect.poll(state).toBe('away');
    expect(known().error).toBe('it has no status page: is this its ops.listen, and is ops.page on?');
  });
});

describe('processes behind a name', () => {
  const enoent = Object.assign(new Error('getaddrinfo ENOTFOUND pods'), { code: 'ENOTFOUND' });
  const four = (address: string): Address => ({ address, family: 4 });

  async function behind(first: () => readonly Address[]) {
    const clock = handClock();
    // Names are asked for anew, and nobody counts as silent meanwhile.
    const still = { ...clock, monotonic: () => 0 };
    let look = first;
    const a = await speaker('127.0.0.2');
    a.say(told('a'));
    const b = await speaker('127.0.0.3', a.port);
    b.say(told('b', { startedAt: 2 }));
    const processes = openProcesses([{ name: 'pods', port: a.port }], still, async () => look());
    ends.push(processes.close);
    const states = () => processes.known().map(({ place, state }) => `${place.address.split(':')[0]} ${state}`);
    const later = async (next: () => readonly Address[]): Promise<void> => {
      look = next;
      await clock.advance(10_000);
    };
    return { a, b, processes, states, later };
  }

  it('come and go with its addresses; one that answers stays', async () => {
    const { a, processes, states, later } = await behind(() => [four('127.0.0.2')]);
    await expect.poll(states).toEqual(['127.0.0.2 live']);
    expect(processes.known()[0]?.place.url).toBeNull();
    await later(() => [four('127.0.0.2'), four('127.0.0.3')]);
    await expect.poll(states).toEqual(['127.0.0.2 live', '127.0.0.3 live']);
    await later(() => [four('127.0.0.3')]);
    await expect.poll(states).toEqual(['127.0.0.2 live', '127.0.0.3 live']);
    a.stop();
    await expect.poll(states).toEqual(['127.0.0.2 away', '127.0.0.3 live']);
    await later(() => [four('127.0.0.3')]);
    await expect.poll(states).toEqual(['127.0.0.3 live']);
  });

  it('stay while a server of names does not answer, and are told to be none where there are none', async () => {
    const { processes, states, later } = await behind(() => [four('127.0.0.2')]);
    await expect.poll(states).toEqual(['127.0.0.2 live']);
    expect(processes.lost()).toEqual([]);
    await later(() => {
      throw new Error('getaddrinfo EAI_AGAIN pods');
    });
    await expect
      .poll(processes.lost)
      .toEqual([expect.stringMatching(/^dns:pods:\d+ cannot be looked up: .*EAI_AGAIN/)]);
    expect(states()).toEqual(['127.0.0.2 live']);
    await later(() => {
      throw enoent;
    });
    await expect.poll(processes.lost).toEqual([expect.stringMatching(/^dns:pods:\d+ has no address: does a process/)]);
    await later(() => [four('127.0.0.2')]);
    await expect.poll(processes.lost).toEqual([]);
  });

  it('are those of IPv4 where there are any: a pod with both would be two', () => {
    const six = { address: '::1', family: 6 };
    const name = { name: 'pods', port: 9464 };
    expect(placesOf(name, [six, four('127.0.0.2')]).map(({ address }) => address)).toEqual(['127.0.0.2:9464']);
    expect(placesOf(name, [six]).map(({ address }) => address)).toEqual(['[::1]:9464']);
  });
});
