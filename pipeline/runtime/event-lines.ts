import type { EventName, EventOf } from './event-metrics.ts';
import type { InternalEvent } from './events.ts';
import type { LogLevel } from './log.ts';

/** How an event reads in the log. */
interface Line<Name extends EventName> {
  readonly level: Exclude<LogLevel, 'silent'>;
  readonly text: string;
  /** Lines with the same subject repeat each other. */
  readonly subject: (event: EventOf<Name>) => string;
}

/** Null: too frequent, or of no news to a reader; its metrics tell. */
type Lines = { readonly [Name in EventName]: Line<Name> | null };

const LINES: Lines = {
  'poll.done': null,
  'poll.failed': {
    level: 'warn',
    text: 'a poll failed; its statistics are a gap until the next',
    subject: ({ hypervisor, reason }) => `${hypervisor} ${reason}`,
  },
  'poll.skipped': {
    level: 'warn',
    text: 'a poll was left out: the last one is still busy',
    subject: ({ hypervisor }) => hypervisor,
  },
  'endpoint.connected': { level: 'info', text: 'connected', subject: ({ hypervisor }) => hypervisor },
  'endpoint.lost': { level: 'warn', text: 'connection lost', subject: ({ hypervisor }) => hypervisor },
  'endpoint.call': null,
  'part.failed': {
    level: 'warn',
    text: 'a part of it could not be read; the others were',
    subject: ({ hypervisor, part, reason }) => `${hypervisor} ${part} ${reason}`,
  },
  'endpoint.skew': null,
  'rows.read': null,
  'values.missing': null,
  'slices.sent': null,
  'slices.failed': {
    level: 'warn',
    text: 'statistics could not be sent to Kafka yet',
    subject: ({ hypervisor }) => hypervisor,
  },
  'message.read': null,
  'message.dead': {
    level: 'error',
    text: 'a raw message cannot be read; it is kept as a dead letter',
    subject: ({ partition, reason }) => `${partition} ${reason}`,
  },
  'reading.dropped': null,
  counter: null,
  'windows.emitted': null,
  published: null,
  'publish.failed': {
    level: 'warn',
    text: 'a destination did not take meters',
    subject: ({ sink }) => sink,
  },
  'sample.dropped': {
    level: 'error',
    text: 'meters can never be delivered and were left out',
    subject: ({ sink, reason }) => `${sink} ${reason}`,
  },
  'sink.waiting': null,
  'publish.left': {
    level: 'warn',
    text: 'stopped before all destinations had everything; it is delivered after the next start',
    subject: () => '',
  },
  'sample.untransformed': null,
  lag: null,
  'state.kept': null,
  'state.away': {
    level: 'error',
    text: 'the state store is away: nothing is published until it is back',
    subject: ({ error }) => error.message,
  },
  'state.back': { level: 'info', text: 'the state store answers', subject: () => '' },
  'state.doubt': {
    level: 'warn',
    text: 'the state store may lose what it is given: turn on its append-only file (appendonly yes), or let its settings be read (CONFIG GET)',
    subject: ({ doubt }) => doubt,
  },
  'state.fenced': {
    level: 'warn',
    text: 'another pipeline has the partition; what this one still had of it is not written',
    subject: ({ partition }) => `${partition}`,
  },
  'state.lost': {
    level: 'error',
    text: 'the saved state cannot be used; it is built anew from the raw topic',
    subject: ({ partition, reason }) => `${partition} ${reason}`,
  },
  'state.hole': {
    level: 'error',
    text: 'a raw message that waited to be counted is no longer in the topic: its readings are a gap',
    subject: ({ partition, offset }) => `${partition} ${offset}`,
  },
  'poll.missing': {
    level: 'warn',
    text: 'polls of the source did not come, or too late; inside an epoch the next one makes up for them',
    subject: ({ source }) => source,
  },
  'source.repartitioned': {
    level: 'error',
    text: 'the source is read into another number of partitions than before: instances that moved begin anew, with a baseline',
    subject: ({ source }) => source,
  },
  'state.window': {
    level: 'warn',
    text: 'the window sizes have changed: a size that was dropped takes its open windows with it',
    subject: ({ partition, size, change }) => `${partition} ${size} ${change}`,
  },
  residual: null,
  'kafka.trouble': { level: 'warn', text: 'Kafka', subject: ({ client, error }) => `${client} ${error.message}` },
};

export interface LogLine {
  readonly level: Exclude<LogLevel, 'silent'>;
  readonly text: string;
  readonly subject: string;
}

/** The log line of an event, or null if it has none. */
export function lineOf(event: InternalEvent): LogLine | null {
  const line = LINES[event.event] as Line<EventName> | null;
  if (line === null) return null;
  const subject = (line.subject as (event: InternalEvent) => string)(event);
  return { level: line.level, text: line.text, subject: `${event.event} ${subject}` };
}

/** At which level an event is logged, or null. */
export const levelOf = (name: EventName): string | null => LINES[name]?.level ?? null;
