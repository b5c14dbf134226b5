import { from } from 'rxjs';
import { expect, test } from 'vitest';
import { createPartition } from '../../../pipeline/model/partition.ts';
import { createCredits } from '../../../pipeline/operators/credits.ts';
import { createDecoder, decode } from '../../../pipeline/operators/decode.ts';
import { createOwnership } from '../../../pipeline/operators/ownership.ts';
import { pullOf, type RawMessage, type Windowed } from '../../../pipeline/operators/pull.ts';
import { window } from '../../../pipeline/operators/window.ts';
import { rulesOf } from '../model/polls.ts';
import { handClock } from '../runtime/hand-clock.ts';
import { inMemory } from '../tracing/in-memory.ts';
import { ownedOf } from './owned.ts';
import { message, reported } from './pulls.ts';

const cause = (n: number) => `00-0af7651916cd43dd8448eb211c80319c-${n.toString(16).padStart(16, '0')}-01`;
/** A message of `t` seconds with the traces of polls. */
const traced = (offset: number, t: number, ...traces: readonly string[]): RawMessage => ({
  ...message(offset, t, BigInt(t)),
  traces,
});

/** What the pulls let out of partition 0, and the spans that were recorded. */
function played(liveFrom: number, ...pulls: readonly (readonly RawMessage[])[]) {
  const memory = inMemory(handClock());
  const ownership = createOwnership();
  const rules = rulesOf();
  ownership.own(ownedOf({ partition: createPartition(rules), liveFrom }));
  const { report } = reported();
  const decoder = createDecoder();
  const deps = {
    rules,
    ownership,
    report,
    giveBack: decoder.giveBack,
    foreign: () => undefined,
    mostWindows: 5000,
    room: createCredits(2),
    signal: new AbortController().signal,
    stopping: new AbortController().signal,
  };
  const out: Windowed[] = [];
  from(pulls.map((messages) => pullOf(messages)))
    .pipe(decode(decoder), window({ ...deps, tracing: memory.tracing }))
    .subscribe((each) => out.push(each));
  return { out, spans: memory.named('window') };
}

test('a pull in which windows close is one span, of the messages that closed them', () => {
  const { out, spans } = played(
    0,
    [traced(0, 5, cause(1)), traced(1, 30, cause(2))],
    [traced(2, 65, cause(3), cause(4)), traced(3, 90, cause(5)), traced(4, 125, cause(6))],
  );
  expect(spans).toHaveLength(1);
  const [span] = spans;
  expect(span?.parentSpanContext?.spanId).toBe(cause(3).split('-')[2]);
  expect(span?.links.map(({ context }) => context.spanId)).toEqual(
    [cause(4), cause(6)].map((each) => each.split('-')[2]),
  );
  expect(span?.attributes).toMatchObject({ 'hypermeter.messages': 2, 'hypermeter.partitions': 1 });
  expect(span?.attributes['hypermeter.windows']).toBeGreaterThanOrEqual(2);
  expect(out.map(({ trace }) => trace)).toEqual([
    undefined,
    `00-0af7651916cd43dd8448eb211c80319c-${span?.spanContext().spanId}-01`,
  ]);
});

test('what is read again only to bring back what memory held is traced by nobody', () => {
  expect(played(3, [traced(0, 0, cause(1)), traced(1, 60, cause(2)), traced(2, 120, cause(3))]).spans).toEqual([]);
});

test('more causes than are kept are left out', () => {
  const many = Array.from({ length: 500 }, (_, n) => cause(n + 1));
  const { spans } = played(0, [traced(0, 5), traced(1, 65, ...many)]);
  expect(spans[0]?.links).toHaveLength(31);
});
