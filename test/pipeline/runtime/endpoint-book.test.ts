import { describe, expect, test } from 'vitest';
import { EndpointBook } from '../../../pipeline/runtime/endpoint-book.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';

const kvm1 = { hypervisor: 'kvm1', kind: 'libvirt' };
const NOW = 1_700_000_000_000_000;
const done = {
  durationUs: 250_000,
  jitterUs: 0,
  calls: 1,
  instances: 4,
  partial: false,
  at: NOW,
  spreadUs: 0,
  early: false,
};
const refused = Object.assign(new Error('kvm1: qemu+tls://me:hunter2@kvm1/system refused'), { code: 'refused' });

function told(...events: readonly InternalEvent[]) {
  const book = new EndpointBook();
  for (const [second, event] of events.entries()) book.hear(event, NOW + second * 1e6);
  return book.list();
}

const CONNECTING = { event: 'endpoint.connecting', ...kvm1 } as const;
const CONNECTED = { event: 'endpoint.connected', ...kvm1 } as const;
const DONE = { event: 'poll.done', ...kvm1, ...done } as const;
const FAILED = { event: 'poll.failed', ...kvm1, reason: 'refused', error: refused } as const;
const LOST = { event: 'endpoint.lost', ...kvm1, error: refused, retryMs: 1500 } as const;

describe('the state of an endpoint', () => {
  test.each([
    ['connecting', [CONNECTING], 0, 0],
    ['up', [CONNECTING, CONNECTED], 1, 0],
    ['up', [CONNECTING, CONNECTED, DONE, DONE], 1, 0],
    ['failing', [CONNECTING, CONNECTED, DONE, FAILED], 3, 1],
    ['failing', [CONNECTING, CONNECTED, FAILED, FAILED], 2, 2],
    ['backing_off', [CONNECTING, LOST], 1, 1],
    // The session is given up for what its last poll has told already.
    ['backing_off', [CONNECTING, CONNECTED, FAILED, LOST], 3, 1],
    ['connecting', [CONNECTING, LOST, CONNECTING], 2, 1],
    ['up', [CONNECTING, LOST, CONNECTING, CONNECTED, DONE], 3, 0],
  ] as const)('%s after %j', (state, events, sinceSecond, failures) => {
    const since = new Date(NOW / 1000 + sinceSecond * 1000).toISOString();
    expect(told(...events)).toMatchObject([{ ...kvm1, state, since, failures }]);
  });

  test('has the last poll, the last error without its password, and when it is tried again', () => {
    const [entry] = told(CONNECTING, CONNECTED, DONE, LOST);
    expect(entry).toMatchObject({
      lastPoll: '2023-11-14T22:13:20.000Z',
      lastPollSeconds: 0.25,
      instances: 4,
      retryAt: '2023-11-14T22:13:24.500Z',
      lastError: { at: '2023-11-14T22:13:23.000Z', reason: 'refused' },
    });
    expect(JSON.stringify(entry)).not.toContain('hunter2');
  });

  test('is forgotten with the endpoint', () => {
    expect(told(CONNECTING, CONNECTED, { event: 'endpoint.released', ...kvm1 })).toEqual([]);
  });
});
