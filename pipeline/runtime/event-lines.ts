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

/** What an error says but for its numbers: with other milliseconds or counts it is no other error. */
const wordsOf = (error: Error): string => error.message.replace(/\d+/g, '#');

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
  'poll.early': null,
  'endpoint.connecting': null,
  'endpoint.released': { level: 'info', text: 'is no longer polled here', subject: ({ hypervisor }) => hypervisor },
  'endpoint.exchanged': {
    level: 'error',
    text: 'answers as other hosts than before: look whether its address is still the right one',
    subject: ({ hypervisor }) => hypervisor,
  },
  'clock.stepped': {
    level: 'warn',
    text: 'the clock of this machine was set, or the machine stood still: polls go on at their times by the new one',
    subject: () => '',
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
  'samples.postponed': {
    level: 'info',
    text: 'a poll could not read the samples of all; the next ones read them, those that wait longest first',
    subject: ({ hypervisor }) => hypervisor,
  },
  'history.looked': {
    level: 'info',
    text: 'is read on from what is recorded of it; of what is not known there all that it keeps is read',
    subject: ({ hypervisor, known }) => `${hypervisor} ${known}`,
  },
  'history.unread': {
    level: 'warn',
    text: 'it is not known what is recorded of it: all that it keeps is read again, and what was counted is dropped',
    subject: ({ hypervisor }) => hypervisor,
  },
  'values.missing': null,
  'notification.read': null,
  'notification.dead': {
    level: 'warn',
    text: 'a notification is of no use; it is kept in the queue of dead letters',
    subject: ({ hypervisor, outcome }) => `${hypervisor} ${outcome}`,
  },
  'discovery.looked': null,
  'discovery.failed': {
    level: 'warn',
    text: 'a source of endpoints does not answer; what it said before stays in effect',
    subject: ({ source, reason }) => `${source} ${reason}`,
  },
  'discovery.rejected': {
    level: 'warn',
    text: 'something that a source of endpoints names cannot be used; the others are',
    subject: ({ source, where, message }) => `${source} ${where} ${message}`,
  },
  'discovery.changed': {
    level: 'info',
    text: 'a source of endpoints has others than before',
    subject: ({ source, names }) => `${source} ${names.join(' ')}`,
  },
  'discovery.empty': {
    level: 'warn',
    text: 'a source of endpoints says that there is none; those it had stay until it has said so often enough',
    subject: ({ source, times }) => `${source} ${times}`,
  },
  'discovery.unverified': {
    level: 'warn',
    text: 'a source of endpoints names some that are reached without a check of the server, or with a password in clear',
    subject: ({ source, setting, names }) => `${source} ${setting} ${names.join(' ')}`,
  },
  'slices.sent': null,
  'slices.failed': {
    level: 'warn',
    text: 'statistics could not be sent to Kafka yet',
    subject: ({ hypervisor }) => hypervisor,
  },
  'slices.lost': {
    level: 'error',
    text: 'statistics are lost: Kafka never gets them',
    subject: ({ hypervisor, reason }) => `${hypervisor} ${reason}`,
  },
  'spool.begun': {
    level: 'warn',
    text: 'Kafka takes nothing: what is polled goes to the spool until it does',
    subject: () => '',
  },
  'spool.done': { level: 'info', text: 'Kafka has everything that was in the spool', subject: () => '' },
  'spool.kept': null,
  'spool.looked': null,
  'spool.dropped': {
    level: 'error',
    text: 'the spool drops statistics that Kafka does not have: where its room is used up (full) the oldest, so raise collector.spool.maxBytes, else what it cannot read any more',
    subject: ({ reason }) => reason,
  },
  'spool.damaged': {
    level: 'error',
    text: 'a file of the spool does not hold what was written; what can be read of it is sent',
    subject: ({ path, reason }) => `${path} ${reason}`,
  },
  'spool.failed': {
    level: 'error',
    text: 'the spool could not be used; polling goes on, with what memory there is',
    subject: ({ error }) => wordsOf(error),
  },
  'message.read': null,
  'message.dead': {
    level: 'error',
    text: 'a raw message cannot be read; it is kept as a dead letter',
    subject: ({ partition, reason }) => `${partition} ${reason}`,
  },
  'message.cut': {
    level: 'error',
    text: 'the dead letter topic does not take a message whole; all of it is in the raw topic, until that is cleaned up',
    subject: ({ partition, error }) => `${partition} ${wordsOf(error)}`,
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
  'partition.released': null,
  'state.kept': null,
  'state.away': {
    level: 'error',
    text: 'the state store is away: nothing is published until it is back',
    subject: ({ error }) => wordsOf(error),
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
    subject: ({ partition }) => `${partition}`,
  },
  'endpoint.doubled': {
    level: 'error',
    text: 'several entries stand for an endpoint of this name; the first is polled: give each its own',
    subject: ({ hypervisor }) => hypervisor,
  },
  'roster.changed': { level: 'info', text: 'what is polled has changed', subject: () => '' },
  'coordination.held': null,
  'coordination.claimed': null,
  'coordination.cut_off': {
    level: 'warn',
    text: 'the coordinator of the collectors cannot be reached: polling goes on, until the group has dealt anew',
    subject: () => '',
  },
  'coordination.differs': {
    level: 'warn',
    text: 'the collector before polled endpoints that are not in this one’s list, and are polled by nobody now: give all collectors one list',
    subject: ({ partition, missing }) => `${partition} ${missing.join()}`,
  },
  'coordination.partitions': {
    level: 'warn',
    text: 'the coordination topic has another number of partitions than collector.group.partitions says; endpoints are dealt to those it has',
    subject: ({ topic }) => topic,
  },
  'coordination.failed': {
    level: 'warn',
    text: 'the share of this collector could not be asked for; what it polls it polls on, and it is tried again',
    subject: ({ error }) => wordsOf(error),
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
  'instance.unmetered': {
    level: 'warn',
    text: 'nova says that the instance runs, and no hypervisor that is polled has it: nobody meters it',
    subject: ({ instance }) => instance,
  },
  'instance.undead': {
    level: 'warn',
    text: 'nova says that the instance was deleted, and its hypervisor still runs it: it is metered on',
    subject: ({ instance }) => instance,
  },
  'state.window': {
    level: 'warn',
    text: 'the window sizes have changed: one that was dropped has its last window up to `at`, a new one its first window from there',
    subject: ({ partition, size, change }) => `${partition} ${size} ${change}`,
  },
  residual: null,
  'inventory.written': null,
  'inventory.looked': null,
  'inventory.failed': {
    level: 'warn',
    text: 'the inventory topic could not be kept; metering goes on, and it is tried again',
    subject: ({ error }) => wordsOf(error),
  },
  'spans.sent': null,
  'spans.lost': {
    level: 'warn',
    text: 'spans were lost; metering is not touched by that',
    subject: ({ reason }) => reason,
  },
  'tracing.failed': {
    level: 'warn',
    text: 'spans could not be sent; metering is not touched by that',
    subject: ({ error }) => wordsOf(error),
  },
  'kafka.trouble': { level: 'warn', text: 'Kafka', subject: ({ client, error }) => `${client} ${wordsOf(error)}` },
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
