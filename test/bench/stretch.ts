import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cycle, type Fleet, type Message, seriesOf } from './fleet.ts';

/**
 * What a fleet sends, on disk: made once, read by every process that measures. A stretch is a file of so many whole
 * cycles that it holds about a million readings, whatever the fleet's size, and fits the embedded broker's log.
 * A file is messages one after the other: uint32 slice, float64 time, uint32 length (big-endian), value.
 */
export interface Stretches {
  readonly series: number;
  readonly slices: number;
  /** Paths of the files, in order. */
  readonly files: readonly string[];
  /** By file. */
  readonly messages: readonly number[];
  readonly readings: readonly number[];
}

const READINGS_PER_STRETCH = 1e6;
const HEADER_BYTES = 16;

/** Writes `count` stretches of the fleet into the folder, under the name. */
export async function writeStretches(folder: string, name: string, fleet: Fleet, count: number): Promise<Stretches> {
  const series = seriesOf(fleet);
  const cycles = Math.max(1, Math.floor(READINGS_PER_STRETCH / series));
  const files: string[] = [];
  const messages: number[] = [];
  for (let stretch = 0; stretch < count; stretch++) {
    const path = join(folder, `${name}-${stretch}`);
    files.push(path);
    messages.push(await write(path, fleet, stretch * cycles, cycles));
  }
  return { series, slices: fleet.slices, files, messages, readings: files.map(() => series * cycles) };
}

async function write(path: string, fleet: Fleet, first: number, cycles: number): Promise<number> {
  const file = createWriteStream(path);
  let messages = 0;
  for (let n = first; n < first + cycles; n++) {
    for (const { slice, timestampUs, value } of cycle(fleet, n)) {
      const header = Buffer.alloc(HEADER_BYTES);
      header.writeUInt32BE(slice, 0);
      header.writeDoubleBE(timestampUs, 4);
      header.writeUInt32BE(value.length, 12);
      file.write(header);
      if (!file.write(value)) await once(file, 'drain');
      messages++;
    }
  }
  file.end();
  await once(file, 'close');
  return messages;
}

/** The messages of one file; their values share its memory. */
export async function readStretch(path: string): Promise<readonly Message[]> {
  const bytes = await readFile(path);
  const messages: Message[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at + HEADER_BYTES;
    const end = start + bytes.readUInt32BE(at + 12);
    messages.push({
      slice: bytes.readUInt32BE(at),
      timestampUs: bytes.readDoubleBE(at + 4),
      value: bytes.subarray(start, end),
    });
    at = end;
  }
  return messages;
}
