import type { Sample } from '../model/sample.ts';
import type { Answer, Route } from '../runtime/ops.ts';
import type { Watcher } from '../runtime/runtime.ts';
import { assetRoutes } from './assets.ts';
import { type BookOptions, Books } from './books.ts';
import { type Broadcast, startBroadcast } from './broadcast.ts';
import { guarded } from './guard.ts';
import type { OwnedPartition } from './partitions.ts';
import { findIn, isUuid, json, NO_UUID, wordsOf } from './requests.ts';
import { listVms, vmOrder } from './vm-list.ts';

export interface PageOptions extends BookOptions {
  /** The effective configuration as YAML, without secrets. */
  readonly config: string;
  /** The port is on an address of this machine alone. */
  readonly isLoopback: boolean;
}

/** The status page: hears what happens, keeps a bounded part of it, and tells those who look. */
export interface Page extends Watcher, PipelineWatch {}

/** What the pipeline shows of itself. */
export interface PipelineWatch {
  /** Samples as they become final. Never throws. */
  take(samples: readonly Sample[]): void;
  /** Where to look for the partitions that are owned. */
  watch(owned: () => readonly OwnedPartition[]): void;
  /** The names of the sinks there are: shown before they have had anything. */
  expect(sinks: readonly string[]): void;
}

/** Makes the page of one process. No timer before `begin`. */
export function createPage(options: PageOptions): Page {
  let owned: () => readonly OwnedPartition[] = () => [];
  let expected: readonly string[] = [];
  let begun: { readonly books: Books; readonly broadcast: Broadcast } | undefined;
  const books = (): Books => {
    if (!begun) throw new Error('the page is asked before it has begun');
    return begun.books;
  };
  const own: Readonly<Record<string, Route>> = {
    ...assetRoutes(),
    '/page/events': () => begun?.broadcast.stream() ?? GONE,
    '/page/vms': (request) => {
      const words = wordsOf(request);
      return json(listVms(owned(), books().histories, findIn(words), vmOrder(words.get('order'))));
    },
    '/page/vm': (request) => vmOf(books(), wordsOf(request)),
    '/page/config': () => ({ type: 'text/plain; charset=utf-8', body: options.config }),
  };
  return {
    routes: Object.fromEntries(Object.entries(own).map(([path, route]) => [path, guarded(route, options.isLoopback)])),
    begin: (seen) => {
      const created = new Books(options, seen, () => owned());
      created.expect(expected);
      begun = { books: created, broadcast: startBroadcast(created, seen.clock) };
    },
    hear: (event, now) => begun?.books.hear(event, now),
    take: (samples) => begun?.books.take(samples),
    watch: (look) => {
      owned = look;
    },
    expect: (sinks) => {
      expected = sinks;
      begun?.books.expect(sinks);
    },
    close: () => begun?.broadcast.close(),
  };
}

/** The kept windows of one instance; whoever asks wants to see more of it from now on. */
function vmOf({ histories }: Books, words: URLSearchParams): Answer {
  const id = words.get('id') ?? '';
  if (!isUuid(id)) return NO_UUID;
  histories.open(id);
  const size = Number(words.get('sizeMs') ?? Number.NaN) * 1000;
  return json(histories.history(id, size));
}

const GONE: Answer = { status: 503, type: 'text/plain; charset=utf-8', body: 'not begun\n' };
