import type { Book } from '../inventory/book.ts';
import { type Change, createChanges } from '../inventory/changes.ts';
import type { RawConsumer } from '../kafka/raw-consumer.ts';
import { formatUuid } from '../model/resource.ts';
import type { Clock } from '../runtime/clock.ts';
import { exactJson } from '../runtime/json.ts';
import { interruptOf } from './interrupt.ts';
import type { createIntake } from './inventory-log.ts';
import type { OutputFormat } from './inventory-report.ts';
import { isWanted, type Wanted } from './inventory-rows.ts';
import { PULL_COUNT } from './raw-topic.ts';
import { printable } from './table.ts';
import { type Terminal, writeLine } from './terminal.ts';

const LOOK_US = 1e6;
/** Long enough to see what becomes of it, short enough not to fill the memory. */
const RETENTION_US = 3600e6;
const NEVER_US = Number.POSITIVE_INFINITY;

export interface FollowOptions extends Wanted {
  readonly output: OutputFormat;
  readonly clock: Clock;
  readonly terminal: Terminal;
  /** Prints everything there is, to begin with. */
  readonly print: () => Promise<void>;
}

/** Prints everything, then a line for each change, until a signal comes or the reader goes away. */
export async function follow(
  book: Book,
  consumer: Pick<RawConsumer, 'pull'>,
  intake: ReturnType<typeof createIntake>,
  options: FollowOptions,
): Promise<void> {
  const { clock, terminal, print } = options;
  const changes = createChanges(book, { retention: RETENTION_US, refresh: NEVER_US });
  const interrupt = interruptOf(terminal);
  try {
    await print();
    for (const change of changes.due().changes) changes.told(change);
    let lookedAt = clock.monotonic();
    while (!interrupt.isOver()) {
      intake.take(await consumer.pull(PULL_COUNT));
      if (clock.monotonic() - lookedAt < LOOK_US) continue;
      lookedAt = clock.monotonic();
      book.now = Math.max(book.now, clock.now());
      for (const change of changes.due().changes) {
        changes.told(change);
        const line = lineOf(change, options);
        if (line !== null) await writeLine(terminal.stdout, line);
      }
    }
  } finally {
    interrupt.release();
  }
}

/** An object, or for people what it is now; null for one that is not wanted. */
function lineOf({ key, view }: Change, options: FollowOptions): string | null {
  const { output, clock } = options;
  const at = new Date(clock.now() / 1000).toISOString();
  if (view === null) return output === 'json' ? exactJson({ at, uuid: formatUuid(key), gone: true }) : null;
  if (!isWanted(view, { ...options, all: true })) return null;
  if (output === 'json') return exactJson({ at, ...view });
  const { kind, uuid, name, instance_name, presence, state, host, findings } = view;
  const now = presence === 'seen' ? `${state.toLowerCase()} on ${host ?? 'an unknown host'}` : presence;
  const found = findings.length === 0 ? '' : `: ${findings.join(', ')}`;
  return printable(`${at.slice(11, 19)} ${kind} ${uuid} ${name ?? instance_name ?? ''} ${now}${found}`);
}
