import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Notebook, type Notes } from '../../../connectors/spool/notebook.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { directory } from './directory.ts';

async function opened(at: string) {
  const events: InternalEvent[] = [];
  return { events, notebook: await Notebook.open(at, (event) => void events.push(event)) };
}
const raw = { topic: 'raw', partitions: 12 };
const held: NonNullable<Notes['held']> = {
  topic: 'coordination',
  partitions: 64,
  tokens: [[3, 1_764_000_000_000_000]],
};

test('notes outlive the process; what is not written anew stays', async () => {
  const at = directory();
  const { notebook } = await opened(at);
  expect(notebook.notes).toEqual({ raw: null, held: null });
  await notebook.write({ raw });
  await Promise.all([notebook.write({ held: { ...held, tokens: [] } }), notebook.write({ held })]);
  const later = await opened(at);
  expect(later.notebook.notes).toEqual({ raw, held });
  expect(later.events).toEqual([]);
  expect(readdirSync(at)).toEqual(['notes.json']);
});

test.each(['', '{', '[]', '{"raw":{"topic":"raw","partitions":-1}}', '{"held":{"topic":"c","partitions":1}}'])(
  'notes that are damaged (%j) are told, and none',
  async (text) => {
    const at = directory();
    writeFileSync(join(at, 'notes.json'), text);
    const { events, notebook } = await opened(at);
    expect(notebook.notes).toEqual({ raw: null, held: null });
    expect(events).toMatchObject([{ event: 'spool.failed' }]);
    await notebook.write({ raw });
    expect((await opened(at)).notebook.notes).toEqual({ raw, held: null });
  },
);

test('what cannot be written is told, and kept meanwhile', async () => {
  const at = directory();
  mkdirSync(join(at, 'notes.json.new'));
  const { events, notebook } = await opened(at);
  await notebook.write({ raw });
  expect(notebook.notes.raw).toEqual(raw);
  expect(events).toMatchObject([{ event: 'spool.failed', error: { message: expect.stringContaining(at) } }]);
});
