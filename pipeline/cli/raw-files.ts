import { Option } from 'commander';
import { encodeSnapshot } from '../../avro/codec.ts';
import { type Kept, readContainer, type Torn, tornWords } from '../../avro/container.ts';
import { DecodeError } from '../../avro/decode-error.ts';
import type { RawLog } from '../audit/audit.ts';
import type { RawMessage } from '../audit/replay.ts';
import { whyUnreadable } from '../runtime/unreadable.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { type Terminal, writeLine } from './terminal.ts';

const BATCH = 100;

/** Told of what a file has not: what it says of itself that was left out, and an end that was cut off. */
export interface FileRules {
  onMissing?(path: string, what: string): void;
  /** Without it a file that is cut off is refused. */
  onTorn?(path: string, torn: Torn): void;
}

/** `--torn`, of every command that reads files of Snapshots. */
export const tornOption = (): Option =>
  new Option('--torn', 'read of a file that is cut off what was written whole, as after a kill of "tap raw --save"');

/** What `--torn` allows is told on standard error. */
export const tornRule = ({ torn }: { readonly torn?: boolean }, { stderr }: Terminal): Pick<FileRules, 'onTorn'> =>
  torn ? { onTorn: (path, found) => void writeLine(stderr, `missing in ${path}: ${tornWords(found)}`) } : {};

/** The entry of a file's header that says what was left out. */
export const MISSING_KEY = 'hypermeter.missing';

/**
 * Avro object container files of Snapshots as a raw log: they are taken for the whole of it. What a file does not tell
 * of where a slice lay in the log, the slice does: its number stands for the partition, the end of its poll for the
 * record's time. Several files are read side by side, in the order of those times, each in its own order.
 */
export function rawFiles(paths: readonly string[], rules: FileRules = {}): RawLog {
  return {
    open: async () => ({ since: Number.NEGATIVE_INFINITY, delivered: null }),
    messages: async function* () {
      const offsets = new Map<number, number>();
      yield* inBatches(inOrder(paths.map((path) => messagesIn(path, offsets, rules))));
    },
    total: () => null,
  };
}

async function* messagesIn(
  path: string,
  offsets: Map<number, number>,
  { onMissing, onTorn = refuseTorn }: FileRules,
): AsyncGenerator<RawMessage> {
  const onMeta = (meta: Readonly<Record<string, string>>) => {
    const missing = meta[MISSING_KEY];
    if (missing !== undefined) onMissing?.(path, missing);
  };
  try {
    let message: Collected | null = null;
    for await (const kept of readContainer(path, onMeta, (torn) => onTorn(path, torn))) {
      if (message !== null && isOfSame(message, kept)) {
        message.parts.push(encodeSnapshot(kept.snapshot));
        continue;
      }
      if (message !== null) yield messageOf(message);
      message = { ...placeOf(kept, offsets), isPlaced: kept.logged !== null, parts: [encodeSnapshot(kept.snapshot)] };
    }
    if (message !== null) yield messageOf(message);
  } catch (error) {
    if (!(error instanceof DecodeError) && !(error instanceof Error && 'syscall' in error)) throw error;
    throw new CommandFailure(
      EXIT.noInput,
      `cannot read ${path}: ${error instanceof DecodeError ? `${error.message}; ${ORIGIN}` : whyUnreadable(error)}`,
    );
  }
}

function refuseTorn(path: string, torn: Torn): never {
  throw new CommandFailure(EXIT.noInput, `cannot read ${path}: ${tornWords(torn)}; --torn reads what is whole`);
}

const ORIGIN = 'such files come from hypermeter tap raw --save';

/** A message whose slices are being collected. */
interface Collected extends Omit<RawMessage, 'value'> {
  readonly isPlaced: boolean;
  readonly parts: Buffer[];
}

const isOfSame = ({ isPlaced, partition, offset }: Collected, { logged }: Kept): boolean =>
  isPlaced && logged !== null && logged.partition === partition && logged.offset === offset;

function placeOf({ snapshot, logged }: Kept, offsets: Map<number, number>): Omit<RawMessage, 'value'> {
  if (logged !== null) return { partition: logged.partition, offset: logged.offset, timestampUs: logged.time };
  const { slice: partition, endedAt } = snapshot.poll;
  const offset = offsets.get(partition) ?? 0;
  offsets.set(partition, offset + 1);
  return { partition, offset, timestampUs: endedAt };
}

const messageOf = ({ partition, offset, timestampUs, parts }: Collected): RawMessage => ({
  partition,
  offset,
  timestampUs,
  value: parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts),
});

/** Always the message that is the oldest of those at hand; of equals that of the file named first. */
async function* inOrder(files: readonly AsyncGenerator<RawMessage>[]): AsyncGenerator<RawMessage> {
  const heads = await Promise.all(files.map(async (file) => ({ file, head: await file.next() })));
  try {
    for (;;) {
      let oldest: (typeof heads)[number] | null = null;
      for (const each of heads) {
        if (each.head.done !== true && (oldest === null || timeOf(each) < timeOf(oldest))) oldest = each;
      }
      if (oldest === null || oldest.head.done === true) return;
      yield oldest.head.value;
      oldest.head = await oldest.file.next();
    }
  } finally {
    await Promise.all(files.map((file) => file.return(undefined)));
  }
}

const timeOf = ({ head }: { readonly head: IteratorResult<RawMessage, unknown> }): number =>
  head.done === true ? Number.POSITIVE_INFINITY : head.value.timestampUs;

async function* inBatches(messages: AsyncIterable<RawMessage>): AsyncGenerator<readonly RawMessage[]> {
  let batch: RawMessage[] = [];
  for await (const message of messages) {
    batch.push(message);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
