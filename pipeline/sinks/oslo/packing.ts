import type { Sample } from '../../model/sample.ts';
import type { MeterText } from './meter-text.ts';

/** What a message holds at most. */
export interface Limits {
  readonly samples: number;
  /** Of the whole body. */
  readonly bytes: number;
}

/** The samples of one message, escaped and joined by `, `. */
export interface Packed {
  readonly nestedSamples: Buffer;
  readonly samples: number;
}

export interface Packing {
  readonly messages: readonly Packed[];
  /** Too long for a message of their own. */
  readonly oversize: readonly Sample[];
}

/** Room for envelope and heading, whose texts are limited. */
export const HEADING_BYTES = 2048;

/**
 * As few messages as hold the samples: the meters of one host stand together, hosts share messages until those are
 * full, and a host begins a new one rather than be divided.
 */
export function pack(samples: readonly Sample[], encode: MeterText, limits: Limits): Packing {
  const room = limits.bytes - HEADING_BYTES;
  const oversize: Sample[] = [];
  const messages: Packed[] = [];
  const open = Buffer.allocUnsafe(samples.length === 0 ? 0 : room);
  let filled: Mark = START;

  const close = (upTo: Mark) => {
    if (upTo.samples === 0) return;
    const nestedSamples = Buffer.from(open.subarray(0, upTo.bytes - SEPARATOR.length));
    messages.push({ nestedSamples, samples: upTo.samples });
    open.copyWithin(0, upTo.bytes, filled.bytes);
    filled = { samples: filled.samples - upTo.samples, bytes: filled.bytes - upTo.bytes };
  };
  const fits = (bytes: number) => filled.samples < limits.samples && filled.bytes + bytes <= room;

  for (const host of byHost(samples)) {
    let before = filled;
    for (const sample of host) {
      const text = encode(sample);
      const length = text.length + SEPARATOR.length;
      if (length > room) {
        oversize.push(sample);
        continue;
      }
      if (!fits(length)) {
        close(before);
        before = START;
      }
      if (!fits(length)) close(filled);
      open.set(text, filled.bytes);
      open.set(SEPARATOR, filled.bytes + text.length);
      filled = { samples: filled.samples + 1, bytes: filled.bytes + length };
    }
  }
  close(filled);
  return { messages, oversize };
}

const SEPARATOR = Buffer.from(', ');

/** How far a message is filled. */
interface Mark {
  readonly samples: number;
  readonly bytes: number;
}
const START: Mark = { samples: 0, bytes: 0 };

/** Hosts in the order of their first sample; what names none stands together. */
function byHost(samples: readonly Sample[]): Iterable<readonly Sample[]> {
  const hosts = new Map<unknown, Sample[]>();
  for (const sample of samples) {
    const host = sample.resource.metadata.instance_host;
    const known = hosts.get(host);
    if (known) known.push(sample);
    else hosts.set(host, [sample]);
  }
  return hosts.values();
}
