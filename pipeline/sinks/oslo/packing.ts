import { randomUUID } from 'node:crypto';
import type { Sample } from '../../model/sample.ts';
import { oncePerResource } from '../once-per-part.ts';
import type { MeterText } from './meter-text.ts';

/** What a message holds at most. */
export interface Limits {
  readonly samples: number;
  /** Of the whole body. */
  readonly bytes: number;
}

/**
 * The samples of one message, escaped and joined by `, `: `bytes[from, to)`. What lies before and behind them is free
 * for the envelope, so that the body is put together where it lies.
 */
export interface Packed {
  /** It keeps its id over all attempts to send it. */
  readonly messageId: string;
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  readonly samples: number;
}

export interface Packing {
  /** Packed host by host, as they are asked for. */
  readonly messages: IterableIterator<Packed>;
  /** Too long for a message of their own; complete when all messages were asked for. */
  readonly oversize: readonly Sample[];
}

/** Room for envelope and heading, whose texts are limited. */
export const HEADING_BYTES = 2048;

/** What of it is behind the samples. */
export const TAIL_BYTES = 512;
const FRONT_BYTES = HEADING_BYTES - TAIL_BYTES;

/**
 * As few messages as hold the samples: the meters of one host stand together, hosts share messages until those are
 * full, and a host begins a new one rather than be divided.
 */
export function pack(samples: readonly Sample[], text: MeterText, limits: Limits): Packing {
  const oversize: Sample[] = [];
  return { messages: packed(samples, text, limits, oversize), oversize };
}

function* packed(samples: readonly Sample[], text: MeterText, limits: Limits, oversize: Sample[]): Generator<Packed> {
  const end = limits.bytes - TAIL_BYTES;
  /** Those that are full. */
  const messages: Packed[] = [];
  let open = Buffer.allocUnsafe(samples.length === 0 ? 0 : limits.bytes);
  let filled = START;

  /** Ends the message at the mark; what was put behind it begins the next one. */
  const close = (upTo: Mark) => {
    if (upTo.samples === 0) return;
    const to = upTo.at - SEPARATOR.length;
    const bytes = open;
    const rest = filled.at - upTo.at;
    // What is nearly empty is copied, and must not hold on to the room of a full message; that is used again.
    const isFull = to >= bytes.length / 2;
    const kept = isFull ? bytes : Buffer.from(bytes.subarray(0, to + TAIL_BYTES));
    if (isFull) open = Buffer.allocUnsafe(bytes.length);
    bytes.copy(open, FRONT_BYTES, upTo.at, filled.at);
    filled = { samples: filled.samples - upTo.samples, at: FRONT_BYTES + rest };
    messages.push({ messageId: randomUUID(), bytes: kept, from: FRONT_BYTES, to, samples: upTo.samples });
  };
  const fits = (bytes: number) => filled.samples < limits.samples && filled.at + bytes <= end;

  const put = (host: readonly Sample[]) => {
    if (filled.samples + host.length > limits.samples) close(filled);
    let before = filled;
    for (const sample of host) {
      const length = text.measure(sample) + SEPARATOR.length;
      if (FRONT_BYTES + length > end) {
        oversize.push(sample);
        continue;
      }
      if (!fits(length)) {
        close(before);
        before = START;
      }
      if (!fits(length)) close(filled);
      open.set(SEPARATOR, text.put(open, filled.at));
      filled = { samples: filled.samples + 1, at: filled.at + length };
    }
  };
  for (const host of byHost(samples)) {
    put(host);
    yield* messages.splice(0);
  }
  close(filled);
  yield* messages;
}

const SEPARATOR = Buffer.from(', ');

/** How far a message is filled. */
interface Mark {
  readonly samples: number;
  /** Where the next sample goes. */
  readonly at: number;
}
const START: Mark = { samples: 0, at: FRONT_BYTES };

/** Hosts in the order of their first sample; what names none stands together. */
function byHost(samples: readonly Sample[]): Iterable<readonly Sample[]> {
  const hosts = new Map<unknown, Sample[]>();
  const hostOf = oncePerResource(({ metadata: { instance_host: host } }) => {
    const known = hosts.get(host) ?? [];
    hosts.set(host, known);
    return known;
  });
  for (const sample of samples) hostOf(sample.resource).push(sample);
  return hosts.values();
}
