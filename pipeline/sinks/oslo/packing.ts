import type { Sample } from '../../model/sample.ts';

/** What a message holds at most. */
export interface Limits {
  readonly samples: number;
  /** Of the whole body. */
  readonly bytes: number;
}

/** The samples of one message, escaped and joined. */
export interface Packed {
  readonly nestedSamples: string;
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
 * full, and a host begins a new one rather than be divided. `encode` gives ASCII.
 */
export function pack(samples: readonly Sample[], encode: (sample: Sample) => string, limits: Limits): Packing {
  const room = limits.bytes - HEADING_BYTES;
  const oversize: Sample[] = [];
  const messages: Packed[] = [];
  let open: string[] = [];
  let openBytes = 0;
  const close = () => {
    if (open.length > 0) messages.push({ nestedSamples: open.join(SEPARATOR), samples: open.length });
    open = [];
    openBytes = 0;
  };
  const fits = (count: number, bytes: number) => open.length + count <= limits.samples && openBytes + bytes <= room;
  for (const host of byHost(samples)) {
    const texts: string[] = [];
    for (const sample of host) {
      const text = encode(sample);
      if (text.length + SEPARATOR.length > room) oversize.push(sample);
      else texts.push(text);
    }
    if (!fits(texts.length, bytesOf(texts))) close();
    for (const text of texts) {
      if (!fits(1, text.length + SEPARATOR.length)) close();
      open.push(text);
      openBytes += text.length + SEPARATOR.length;
    }
  }
  close();
  return { messages, oversize };
}

const SEPARATOR = ', ';

const bytesOf = (texts: readonly string[]): number =>
  texts.reduce((bytes, text) => bytes + text.length + SEPARATOR.length, 0);

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
