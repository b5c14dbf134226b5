import type { EventName, EventOf } from '../../../pipeline/runtime/event-metrics.ts';

const endpoint = { hypervisor: 'kvm1', kind: 'libvirt' };
const error = new Error('amqp://u:hunter2@h is gone');

/** One event of each name. */
export const EVERY_EVENT: { readonly [Name in EventName]: EventOf<Name> } = {
  'poll.done': {
    event: 'poll.done',
    ...endpoint,
    durationUs: 250_000,
    jitterUs: 2_000,
    calls: 3,
    instances: 40,
    partial: true,
    at: 1_700_000_000_500_000,
  },
  'poll.failed': { event: 'poll.failed', ...endpoint, reason: 'timeout', error },
  'poll.skipped': { event: 'poll.skipped', ...endpoint },
  'endpoint.connected': { event: 'endpoint.connected', ...endpoint },
  'endpoint.lost': { event: 'endpoint.lost', ...endpoint, error, retryMs: 1000 },
  'endpoint.call': { event: 'endpoint.call', ...endpoint, call: 'CONNECT_GET_ALL_DOMAIN_STATS' },
  'slices.sent': { event: 'slices.sent', slices: 12, messages: 3, bytes: 4096 },
  'slices.failed': { event: 'slices.failed', hypervisor: 'kvm1', error },
  'message.read': { event: 'message.read', partition: 7, slices: 4, readings: 500, bytes: 2048 },
  'message.dead': { event: 'message.dead', partition: 7, offset: 99, reason: 'unknown_schema' },
  'reading.dropped': { event: 'reading.dropped', reason: 'late', count: 5 },
  counter: { event: 'counter', kind: 'reset', count: 2 },
  'windows.emitted': { event: 'windows.emitted', size: 60_000_000, windows: 9, samples: 90 },
  published: { event: 'published', sink: 'udp', samples: 90, durationUs: 3_000 },
  'publish.failed': { event: 'publish.failed', sink: 'udp', error, retryMs: 1000 },
  'sample.dropped': { event: 'sample.dropped', sink: 'udp', reason: 'oversize', count: 1 },
  'sink.waiting': { event: 'sink.waiting', sink: 'udp', samples: 12 },
  'publish.left': { event: 'publish.left', samples: 12 },
  lag: { event: 'lag', partition: 7, messages: 321 },
  'state.kept': { event: 'state.kept', partition: 7, durationUs: 3_000, bytes: 900, instances: 3, waiting: 1 },
  'state.away': { event: 'state.away', error },
  'state.back': { event: 'state.back' },
  'state.doubt': { event: 'state.doubt', doubt: 'no_append_only_file' },
  'state.fenced': { event: 'state.fenced', partition: 7 },
  'state.lost': { event: 'state.lost', partition: 7, reason: 'undecodable', detail: 'byte 3 of 9' },
  'state.hole': { event: 'state.hole', partition: 7, offset: 99 },
  'poll.missing': { event: 'poll.missing', partition: 7, source: 'libvirt/kvm-01', polls: 3 },
  'source.repartitioned': {
    event: 'source.repartitioned',
    partition: 7,
    source: 'libvirt/kvm-01',
    before: 12,
    now: 24,
  },
  'state.window': { event: 'state.window', partition: 7, size: 60_000_000, change: 'dropped' },
  residual: { event: 'residual', partition: 7, amount: 3n },
  'kafka.trouble': { event: 'kafka.trouble', client: 'consumer', error },
};
