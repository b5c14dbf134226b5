import { child, eachRecord, textOf, type XmlRecord } from '../xml-record.ts';
import { XmlError, type XmlHandler } from '../xml-stream.ts';
import { parseInstant } from './instant.ts';
import type { Moref } from './protocol.ts';

/** Reads one answer: its handler, and what it has come to at the end. `finish` throws an XmlError if something lacks. */
export interface AnswerReader<T> {
  readonly handler: XmlHandler;
  finish(): T;
}

/** What is wanted of the answer is the one `returnval`. */
function single<T>(read: (returnval: XmlRecord) => T): AnswerReader<T> {
  let found: XmlRecord | undefined;
  const handler = eachRecord(['returnval'], (record) => {
    found ??= record;
  });
  return {
    handler,
    finish: () => {
      if (found === undefined) throw new XmlError('no <returnval> in it');
      return read(found);
    },
  };
}

/** For answers of which nothing is wanted. */
export const readNothing = (): AnswerReader<void> => ({
  handler: { open: () => undefined, close: () => undefined },
  finish: () => undefined,
});

export const readMoref = (): AnswerReader<Moref> => single((record) => reference(record));

function reference(record: XmlRecord | undefined, what = 'a reference'): Moref {
  if (record === undefined || record.type === null || record.text === '') throw new XmlError(`${what} lacks`);
  return { type: record.type, id: record.text };
}

export interface ServiceContent {
  readonly kind: 'vcenter' | 'esx';
  /** `VMware vCenter Server 8.0.2 build-…` */
  readonly product: string;
  /** Of the API: `6.5`, `8.0.2.0`. */
  readonly apiVersion: string;
  readonly rootFolder: Moref;
  readonly propertyCollector: Moref;
  readonly viewManager: Moref;
  readonly sessionManager: Moref;
  readonly perfManager: Moref;
}

export const readServiceContent = (): AnswerReader<ServiceContent> =>
  single((content) => {
    const about = child(content, 'about');
    const of = (name: string): Moref => reference(child(content, name), `the service's ${name}`);
    return {
      kind: textOf(about, 'apiType') === 'HostAgent' ? 'esx' : 'vcenter',
      product: textOf(about, 'fullName') ?? textOf(about, 'name') ?? 'vSphere',
      apiVersion: textOf(about, 'apiVersion') ?? '',
      rootFolder: of('rootFolder'),
      propertyCollector: of('propertyCollector'),
      viewManager: of('viewManager'),
      sessionManager: of('sessionManager'),
      perfManager: of('perfManager'),
    };
  });

/** The server's clock, microseconds since 1970. */
export const readCurrentTime = (): AnswerReader<number> =>
  single(({ text }) => {
    const time = parseInstant(text);
    if (time === null) throw new XmlError(`"${text.slice(0, 50)}" is no time`);
    return time;
  });

export interface CounterPage {
  /** Ids by `group.name.rollup`: another for every server. */
  readonly counters: ReadonlyMap<string, number>;
  /** There is more. */
  readonly token: string | null;
}

export function readCounters(): AnswerReader<CounterPage> {
  const counters = new Map<string, number>();
  let token: string | null = null;
  const handler = eachRecord(['PerfCounterInfo', 'token'], (record) => {
    if (record.name === 'token') {
      token = record.text || null;
      return;
    }
    const key = (name: string): string => textOf(child(record, name), 'key') ?? '';
    const name = `${key('groupInfo')}.${key('nameInfo')}.${textOf(record, 'rollupType') ?? ''}`;
    const id = Number(textOf(record, 'key'));
    if (Number.isInteger(id) && !counters.has(name)) counters.set(name, id);
  });
  return { handler, finish: () => ({ counters, token }) };
}

/** A property's new value; null: it has none (any more). */
export interface Change {
  readonly name: string;
  readonly value: XmlRecord | null;
}

export interface ObjectUpdate {
  readonly kind: 'enter' | 'modify' | 'leave';
  readonly object: Moref;
  readonly changes: readonly Change[];
}

export interface UpdateSet {
  /** To ask with the next time; null: nothing changed, the old one stays. */
  readonly version: string | null;
  /** There is more to be had at once. */
  readonly truncated: boolean;
  readonly updates: readonly ObjectUpdate[];
}

export function readUpdates(): AnswerReader<UpdateSet> {
  const updates: ObjectUpdate[] = [];
  let version: string | null = null;
  let truncated = false;
  const handler = eachRecord(['version', 'truncated', 'objectSet'], (record) => {
    if (record.name === 'version') version = record.text;
    else if (record.name === 'truncated') truncated = isTrue(record.text);
    else updates.push(updateOf(record));
  });
  return { handler, finish: () => ({ version, truncated, updates }) };
}

/** xsd:boolean has two ways to write each. */
export const isTrue = (text: string): boolean => text === 'true' || text === '1';

function updateOf(record: XmlRecord): ObjectUpdate {
  const kind = textOf(record, 'kind');
  if (kind !== 'enter' && kind !== 'modify' && kind !== 'leave') throw new XmlError(`an update of kind ${kind}`);
  const changes = record.children
    .filter(({ name }) => name === 'changeSet')
    .map((change): Change => {
      // `assign` without a value, `remove` and `indirectRemove` all leave the property without one.
      const value = textOf(change, 'op')?.endsWith('emove') ? undefined : child(change, 'val');
      return { name: textOf(change, 'name') ?? '', value: value ?? null };
    });
  return { kind, object: reference(child(record, 'obj'), "an update's object"), changes };
}
