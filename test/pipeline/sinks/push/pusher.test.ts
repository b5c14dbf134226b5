import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Sample } from '../../../../pipeline/model/sample.ts';
import { endpointFields } from '../../../../pipeline/sinks/push/endpoint.ts';
import { createPusher, type Protocol } from '../../../../pipeline/sinks/push/pusher.ts';
import { aContext } from '../a-context.ts';
import { aSample } from '../a-sample.ts';
import { aServer, type Seen, statuses } from './a-server.ts';

const { signal } = new AbortController();
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

/** Names with blanks between. */
const names: Protocol = {
  encode: (samples) => ({ body: Buffer.from(samples.map(({ name }) => name).join(' ')), headers: {} }),
};

async function pushing(
  respond: (seen: Seen, response: ServerResponse) => void,
  fields: object = {},
  maxBytes = 1000,
  protocol = names,
) {
  const server = await aServer(respond);
  const surroundings = aContext();
  const endpoint = z.strictObject(endpointFields).parse({ url: server.url, ...fields });
  const sink = createPusher({ kind: 'push', maxSamples: 4, maxBytes }, endpoint, protocol, surroundings.context);
  open.push(sink, server);
  const publish = (batch: readonly Sample[]) => sink.publish(batch, signal);
  return { ...surroundings, sink, publish, bodies: () => server.seen.map(({ body }) => String(body)) };
}

const batchOf = (text: string) => text.split(' ').map((name) => aSample({ name }));

describe('pusher', () => {
  it('sends so many samples a request, in order', async () => {
    const { publish, bodies, sink } = await pushing(statuses());
    await publish(batchOf('a b c d e f'));
    expect(bodies()).toEqual(['a b c d', 'e f']);
    expect(sink.name).toMatch(/^push:http:\/\/127.0.0.1:\d+$/);
  });

  it('sends so many bytes a request, and leaves out what alone is more', async () => {
    const { publish, bodies, dead, events, sink } = await pushing(statuses(), {}, 4);
    await publish(batchOf('aa b cccccc d'));
    expect(bodies()).toEqual(['aa b', 'd']);
    expect(events).toEqual([{ event: 'sample.dropped', sink: sink.name, reason: 'oversize', count: 1 }]);
    expect(dead).toMatchObject([{ reason: 'oversize', samples: [{ name: 'cccccc' }] }]);
  });

  it('sends less where the server finds it too much', async () => {
    const { publish, bodies } = await pushing(({ body }, response) => {
      response.statusCode = body.length > 3 ? 413 : 200;
      response.end();
    });
    await publish(batchOf('a b c d'));
    expect(bodies()).toEqual(['a b c d', 'a b', 'c d']);
  });

  it('leaves out the one sample that is refused, with what the server says, and delivers its neighbours', async () => {
    const { publish, bodies, dead, events, sink } = await pushing(({ body }, response) => {
      response.statusCode = body.includes('bad') ? 400 : 200;
      response.end(`no\n"bad"`);
    });
    await publish(batchOf('a b bad d e'));
    expect(bodies()).toEqual(['a b bad d', 'a b', 'bad d', 'bad', 'd', 'e']);
    expect(dead).toMatchObject([{ sink: sink.name, reason: 'refused', samples: [{ name: 'bad' }] }]);
    expect(events).toMatchObject([
      { event: 'publish.failed', sink: sink.name, retryMs: 0 },
      { event: 'sample.dropped', sink: sink.name, reason: 'refused', count: 1 },
    ]);
    expect(events[0]).toHaveProperty('error.message', `${sink.name}: refuses 1 of 1 samples: answer 400: no "bad"`);
  });

  it('does not send again what was delivered of a batch that failed', async () => {
    const { publish, bodies, dead } = await pushing(statuses(200, 400, 400, 200, 503));
    const batch = batchOf('a b c d bad f g h i');
    await expect(publish(batch)).rejects.toMatchObject({ name: 'SinkError', code: 'unavailable' });
    await publish(batch);
    expect(bodies()).toEqual(['a b c d', 'bad f g h', 'bad f', 'bad', 'f', 'f g h i']);
    expect(dead).toEqual([]);
    await publish(batchOf('a'));
    expect(bodies().at(-1)).toBe('a');
  });

  it('counts a malformed sample once, however often the batch is offered', async () => {
    const { publish, bodies, events } = await pushing(statuses(500));
    const batch = [aSample({ name: 'nan', volume: Number.NaN }), aSample({ name: 'a' })];
    await expect(publish(batch)).rejects.toThrow('answer 500: as told');
    await publish(batch);
    expect(bodies()).toEqual(['a', 'a']);
    expect(events).toMatchObject([{ event: 'sample.dropped', reason: 'volume_not_finite', count: 1 }]);
  });

  describe('where a failure may be of a sample or of the server', () => {
    const doubting: Protocol = {
      ...names,
      judge: ({ status, body }) => (status === 500 ? { is: 'doubtful', words: String(body) } : undefined),
    };
    const stumbling =
      (on: string) =>
      ({ body }: Seen, response: ServerResponse) => {
        response.statusCode = body.includes(on) ? 500 : 200;
        response.end('stumbled');
      };

    it('leaves out the sample if the server takes the others', async () => {
      const { publish, dead, bodies } = await pushing(stumbling('bad'), {}, 1000, doubting);
      await publish(batchOf('bad a b c bad d'));
      expect(dead.flatMap(({ reason, samples }) => samples.map(({ name }) => [reason, name]))).toEqual([
        ['refused', 'bad'],
        ['refused', 'bad'],
      ]);
      // The last one is sent again, to see that the server is well.
      expect(bodies().filter((body) => !body.includes('bad'))).toEqual(['a', 'b c', 'd', 'd']);
    });

    it('leaves out any number of them in a row', async () => {
      const { publish, dead } = await pushing(stumbling('bad'), {}, 1000, doubting);
      await publish(batchOf(`a ${'bad '.repeat(40)}b`));
      expect(dead).toHaveLength(40);
    });

    it('leaves out one that comes alone once the server has taken any', async () => {
      const { publish, dead } = await pushing(stumbling('bad'), {}, 1000, doubting);
      await publish(batchOf('a'));
      await publish(batchOf('bad'));
      expect(dead).toMatchObject([{ reason: 'refused', samples: [{ name: 'bad' }] }]);
    });

    /** A server that is ill from one request on until another. */
    const illWithin = (first: number, end: number) => {
      let requests = 0;
      const taken: string[] = [];
      const respond = ({ body }: Seen, response: ServerResponse) => {
        const isIll = ++requests >= first && requests < end;
        response.statusCode = isIll ? 500 : 200;
        if (!isIll) taken.push(...String(body).split(' '));
        response.end('ill');
      };
      return { respond, taken: () => [...new Set(taken)].sort() };
    };
    const LETTERS = 'a b c d e f g h i j k l';

    it.each([3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
      'loses nothing where it falls ill within a batch and is well at request %i',
      async (end) => {
        const { respond, taken } = illWithin(2, end);
        const { publish, dead } = await pushing(respond, {}, 1000, doubting);
        const batch = batchOf(LETTERS);
        await publish(batch).catch(() => publish(batch));
        expect([taken(), dead]).toEqual([LETTERS.split(' '), []]);
      },
    );

    it('offers again what it lacks where it falls ill within a batch and stays so', async () => {
      let isIll = false;
      let staysIll = true;
      const respond = (_: Seen, response: ServerResponse) => {
        response.statusCode = isIll ? 500 : 200;
        response.end('ill');
        isIll = staysIll;
      };
      const { publish, dead, bodies } = await pushing(respond, {}, 1000, doubting);
      const batch = batchOf(LETTERS);
      for (const _attempt of [1, 2]) await expect(publish(batch)).rejects.toThrow('ill');
      staysIll = isIll = false;
      await publish(batch);
      expect(bodies().slice(-2)).toEqual(['e f g h', 'i j k l']);
      expect(dead).toEqual([]);
    });

    it('keeps everything if it takes none, and does not ask for ever', async () => {
      const { publish, dead, bodies } = await pushing(stumbling(''), {}, 1000, doubting);
      await expect(publish(batchOf('a b'))).rejects.toThrow('stumbled');
      expect(bodies()).toEqual(['a b', 'a', 'b']);
      const many = Array.from({ length: 1000 }, (_, i) => aSample({ name: `${i}` }));
      await expect(publish(many)).rejects.toThrow('stumbled');
      expect(bodies().length).toBe(3 + 17);
      expect(dead).toEqual([]);
    });
  });

  it.each([401, 403, 404, 405, 410, 451, 301])(
    'keeps everything where %i tells of our settings, and asks once',
    async (status) => {
      const { publish, dead, bodies } = await pushing(statuses(status, status, status));
      await expect(publish(batchOf('a b'))).rejects.toMatchObject({ name: 'SinkError', code: 'unavailable' });
      expect(bodies()).toEqual(['a b']);
      expect(dead).toEqual([]);
    },
  );

  it('leaves a server alone as long as it asks, or until told to stop', async () => {
    const { sink, publish, bodies } = await pushing((_, response) =>
      response.writeHead(429, { 'Retry-After': '60' }).end(),
    );
    await expect(publish(batchOf('a'))).rejects.toThrow('answer 429');
    const stop = new AbortController();
    const again = sink.publish(batchOf('a'), stop.signal);
    stop.abort(new Error('stop'));
    await expect(again).rejects.toThrow();
    expect(bodies()).toEqual(['a']);
  });

  it('tells no secret that a server repeats', async () => {
    const respond = (seen: Seen, response: ServerResponse) => {
      response.statusCode = 401;
      response.end(`${seen.headers.authorization} ${seen.headers['x-key']} unknown`);
    };
    const { publish } = await pushing(respond, { auth: { bearerToken: 't0ps3cret' }, headers: { 'X-Key': 'k3yk3y' } });
    await expect(publish(batchOf('a'))).rejects.toThrow('answer 401: Bearer *** *** unknown');
  });
});
