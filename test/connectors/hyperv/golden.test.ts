import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { INVENTORY_CLASSES, PERF_CLASSES } from '../../../connectors/hyperv/classes.ts';
import { Fault } from '../../../connectors/hyperv/fault.ts';
import { Lives } from '../../../connectors/hyperv/lives.ts';
import { Poller } from '../../../connectors/hyperv/poller.ts';
import { AnswerReader, type Query, type WmiRow } from '../../../connectors/hyperv/protocol.ts';
import { Sampler } from '../../../connectors/hyperv/sampler.ts';
import { Patience } from '../../../connectors/patience.ts';
import { readXml } from '../../../connectors/xml-stream.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { expectedText, plainWithoutNulls } from '../golden.ts';
import { NOON, never, stillClock } from './a-host.ts';

const FOLDER = new URL('./golden/', import.meta.url);
const FILES = new Map(
  Object.entries({ ...INVENTORY_CLASSES, ...PERF_CLASSES }).map(([part, { name }]) => [name as string, `${part}.xml`]),
);

async function pollOf(name: string): Promise<unknown> {
  const clock = stillClock();
  const events: unknown[] = [];
  const report = (event: InternalEvent) => events.push(event);
  const enumerate = async ({ wql }: Query): Promise<WmiRow[]> => {
    const file = new URL(`${name}/${FILES.get(wql.replace(/^.* from /, ''))}`, FOLDER);
    if (!existsSync(file)) throw new Fault('absent', 'no such file');
    const reader = new AnswerReader();
    await readXml(createReadStream(file), reader);
    return [...reader.finish('EnumerateResponse').rows];
  };
  const sampler = new Sampler({
    client: { enumerate },
    onFailure: (part, reason) => events.push({ part, reason }),
    onOff: ({ title }, reason) => events.push({ part: title, reason }),
  });
  const poller = new Poller({
    clock,
    report,
    endpoint: 'hv1',
    sampler,
    lives: new Lives('hv1'),
    notes: true,
    hostEveryUs: null,
  });
  const { instances, bootedAt, partial, commit } = await poller.poll(
    new Patience(clock, 'hv1', { begin: 0.9, call: 0.4 }).begin(never()),
  );
  commit();
  return plainWithoutNulls({ partial, bootedAt, events, instances });
}

/** Made-up answers in the shape that those of WinRM have; 2026-11-26 12:00 UTC by our clock. */
describe('made-up answers', () => {
  it.each(readdirSync(FOLDER))('%s', async (name) => {
    expect(NOON).toBe(1_795_694_400_000_000);
    const text = expectedText(await pollOf(name));
    await expect(text).toMatchFileSnapshot(new URL(`${name}/expected.json`, FOLDER).pathname);
  });
});
