import type { Clock } from '../../runtime/clock.ts';
import type { Answer, Route } from '../../runtime/ops.ts';
import { askText } from '../../runtime/ops-client.ts';
import type { Watcher } from '../../runtime/runtime.ts';
import { assetRoutes } from '../assets.ts';
import { type Broadcast, startBroadcast } from '../broadcast.ts';
import { guarded } from '../guard.ts';
import { findIn, isUuid, json, NO_UUID, wordsOf } from '../requests.ts';
import { vmOrder } from '../vm-list.ts';
import type { Known } from './link.ts';
import { statusesOf } from './member.ts';
import { mergeHistories, mergeVms } from './merge-vms.ts';
import { openProcesses, type Processes } from './processes.ts';
import type { LookUp, Target } from './targets.ts';
import { readTold, vmsTold, vmTold } from './told.ts';
import { Whole } from './whole.ts';

export interface SeveralOptions {
  readonly targets: readonly Target[];
  /** The port is on an address of this machine alone. */
  readonly isLoopback: boolean;
  /** The system's unless a test has its own. */
  readonly lookUp?: LookUp;
}

/** For one answer of one process, milliseconds and bytes. */
const ANSWER_WITHIN_MS = 3000;
const MOST_BYTES = 16 * 2 ** 20;

/** What there is from `begin` on. */
interface Begun {
  readonly processes: Processes;
  readonly whole: Whole;
  readonly broadcast: Broadcast;
}

/** Makes the page of several processes. No connection before `begin`. */
export function createPageOfSeveral({ targets, isLoopback, lookUp }: SeveralOptions): Watcher {
  let begun: Begun | undefined;
  const now = (): Begun => {
    if (!begun) throw new Error('the page is asked before it has begun');
    return begun;
  };
  const own: Readonly<Record<string, Route>> = {
    ...assetRoutes(),
    '/page/events': () => now().broadcast.stream(),
    '/page/vms': async (request) => json(await vmsOf(now().processes.known(), wordsOf(request))),
    '/page/vm': (request) => vmOf(now().processes.known(), wordsOf(request)),
    '/page/config': async () => ({
      type: 'text/plain; charset=utf-8',
      body: await configsOf(now().processes.known()),
    }),
    '/status.json': () => statusOf(now().whole),
  };
  return {
    routes: Object.fromEntries(Object.entries(own).map(([path, route]) => [path, guarded(route, isLoopback)])),
    begin: ({ clock, version }) => {
      begun = beginning(targets, clock, version, lookUp);
    },
    hear: () => undefined,
    close: () => {
      begun?.broadcast.close();
      begun?.processes.close();
    },
  };
}

function beginning(targets: readonly Target[], clock: Clock, version: string, lookUp: LookUp | undefined): Begun {
  const processes = openProcesses(targets, clock, lookUp);
  const now = (): number => clock.now() / 1000;
  const whole = new Whole(processes.known, processes.lost, { version, startedAt: now(), now });
  return { processes, whole, broadcast: startBroadcast(whole, clock) };
}

/** For programs: the verdict, what is wrong, and how it stands with each process. */
function statusOf(whole: Whole): Answer {
  const { version, ready, reasons, verdict, problems, fleet, processes } = whole.overview(whole.rows());
  const page = { version, ready, reasons, verdict, problems, fleet, processes };
  return { type: 'application/json', body: `${JSON.stringify(page, null, 2)}\n` };
}

/** What each of these processes answers; undefined: it did not, in time or as expected. */
const answersOf = <Told>(known: readonly Known[], path: string, read: (text: string) => Told) =>
  Promise.all(
    known.map(async ({ place }) => {
      const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
      return askText(place.base, path, signal, MOST_BYTES)
        .then(read)
        .catch(() => undefined);
    }),
  );

/** Those that answer to their page, and have VMs: each once. */
function meteringOf(known: readonly Known[]): { readonly known: readonly Known[]; readonly names: readonly string[] } {
  const statuses = statusesOf(known);
  const wanted = known.flatMap((each, i) => {
    const status = statuses[i];
    const isIt = each.state !== 'foreign' && status?.sameAs === null && status.partitions !== null;
    return isIt ? [{ each, name: status.name }] : [];
  });
  return { known: wanted.map(({ each }) => each), names: wanted.map(({ name }) => name) };
}

async function vmsOf(all: readonly Known[], words: URLSearchParams) {
  const order = vmOrder(words.get('order'));
  const { known, names } = meteringOf(all);
  const asked = new URLSearchParams({ order, find: findIn(words) });
  const lists = await answersOf(known, `page/vms?${asked}`, (text) => readTold(vmsTold, text));
  const unheard = names.filter((_, i) => lists[i] === undefined);
  return mergeVms(
    lists.flatMap((list) => list ?? []),
    order,
    unheard,
  );
}

async function vmOf(all: readonly Known[], words: URLSearchParams): Promise<Answer> {
  const id = words.get('id') ?? '';
  if (!isUuid(id)) return NO_UUID;
  const sizeMs = words.get('sizeMs') ?? '';
  const asked = new URLSearchParams({ id, ...(/^\d{1,12}$/.test(sizeMs) ? { sizeMs } : {}) });
  const { known } = meteringOf(all);
  return json(
    mergeHistories((await answersOf(known, `page/vm?${asked}`, (text) => readTold(vmTold, text))).map(orNull)),
  );
}

const orNull = <Told>(told: Told | null | undefined): Told | null => told ?? null;

/** The configuration of each process as a document of its own (YAML 1.2, section 9.2), under who it is. */
async function configsOf(known: readonly Known[]): Promise<string> {
  const statuses = statusesOf(known).filter(({ sameAs }) => sameAs === null);
  const asked = known.filter(({ place }) => statuses.some(({ address }) => address === place.address));
  const texts = await answersOf(asked, 'page/config', (text) => text);
  return statuses
    .map(({ name, address, role, state, error }, i) => {
      const who = [name, ...(name === address ? [] : [address]), ...(role === null ? [] : [role])].join(', ');
      return `# ${who}\n${texts[i] ?? `# it does not answer${state === 'live' ? '' : `: ${error ?? 'it is not heard yet'}`}\n`}`;
    })
    .join('---\n');
}
