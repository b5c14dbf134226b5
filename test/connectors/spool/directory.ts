import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Held } from '../../../connectors/gather.ts';
import { Spool } from '../../../connectors/spool/spool.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';

/** A directory that goes with the test. */
export function directory(): string {
  const made = mkdtempSync(join(tmpdir(), 'hm-spool-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

export const held = (partition: number, text: string, timestampMs = 1_700_000_000_000): Held => ({
  hypervisor: 'kvm1',
  partition,
  value: Buffer.from(text),
  timestampMs,
});

export interface Opened {
  readonly spool: Spool;
  readonly events: InternalEvent[];
  /** What is worth a line: all but what was written. */
  readonly told: () => readonly InternalEvent[];
}

export async function openSpool(at: string, maxBytes = 8 * 2 ** 20): Promise<Opened> {
  const events: InternalEvent[] = [];
  const spool = await Spool.open({ directory: at, maxBytes, report: (event) => void events.push(event) });
  return { spool, events, told: () => events.filter(({ event }) => event !== 'spool.kept') };
}

/** Reads and acknowledges everything; resolves with the texts. */
export async function drain(spool: Spool, mostBytes = 1 << 20): Promise<readonly string[]> {
  const texts: string[] = [];
  for (let batch = await spool.read(mostBytes); batch !== null; batch = await spool.read(mostBytes)) {
    texts.push(...batch.parcels.map(({ value }) => value.toString()));
    await spool.acknowledge(batch.mark);
  }
  return texts;
}
