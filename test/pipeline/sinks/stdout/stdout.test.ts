import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { InternalEvent } from '../../../../pipeline/runtime/events.ts';
import { jsonLine } from '../../../../pipeline/sinks/json-line.ts';
import { createStdoutSink, type StdoutConfig } from '../../../../pipeline/sinks/stdout/stdout.ts';
import { tableHead, tableRow } from '../../../../pipeline/sinks/stdout/table.ts';
import { aSample } from '../a-sample.ts';
import { steppingClock } from '../stepping-clock.ts';

const { signal } = new AbortController();

function sinkTo(stream: NodeJS.WritableStream, format: StdoutConfig['format'] = 'json') {
  const events: InternalEvent[] = [];
  const context = {
    clock: steppingClock(),
    publisherId: 'dev',
    keep: async () => undefined,
    report: (event: InternalEvent) => events.push(event),
  };
  return { sink: createStdoutSink({ format }, context, stream), events };
}

describe('stdout sink', () => {
  it('writes one object a line', async () => {
    const stream = new PassThrough();
    const { sink } = sinkTo(stream);
    await sink.publish([aSample({ name: 'a' }), aSample({ name: 'b' })], signal);
    expect(String(stream.read())).toBe(`${jsonLine(aSample({ name: 'a' }))}\n${jsonLine(aSample({ name: 'b' }))}\n`);
  });

  it('heads a table once', async () => {
    const stream = new PassThrough();
    const { sink } = sinkTo(stream, 'table');
    await sink.publish([], signal);
    await sink.publish([aSample()], signal);
    await sink.publish([aSample()], signal);
    expect(String(stream.read())).toBe(`${tableHead()}\n${tableRow(aSample())}\n${tableRow(aSample())}\n`);
  });

  it('waits for a slow reader, and gives up waiting when told to', async () => {
    const passed: (() => void)[] = [];
    const slow = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => passed.push(done) });
    const { sink } = sinkTo(slow);
    let resolved = false;
    const publishing = sink.publish([aSample()], signal).then(() => {
      resolved = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(resolved).toBe(false);
    passed[0]?.();
    await publishing;
    const stop = new AbortController();
    const waiting = sink.publish([aSample()], stop.signal);
    stop.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
  });

  it('tells a reader that went away, then and later', async () => {
    const reader = spawn(process.execPath, ['-e', 'process.stdin.destroy()'], { stdio: ['pipe', 'ignore', 'inherit'] });
    const { sink } = sinkTo(reader.stdin);
    await once(reader, 'exit');
    for (const _attempt of [1, 2])
      await expect(sink.publish([aSample()], signal)).rejects.toMatchObject({ name: 'SinkError', code: 'pipe_closed' });
  });

  it('tells any other failure as one to try again', async () => {
    const failing = new Writable({ write: (_chunk, _encoding, done) => done(new Error('no space')) });
    const { sink } = sinkTo(failing);
    await expect(sink.publish([aSample()], signal)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('leaves out what is malformed and says so', async () => {
    const stream = new PassThrough();
    const { sink, events } = sinkTo(stream);
    await sink.publish([aSample({ volume: Number.NaN })], signal);
    expect(stream.read()).toBeNull();
    expect(events).toMatchObject([{ event: 'sample.dropped', reason: 'volume_not_finite', count: 1 }]);
  });

  it('counts what is malformed once, however often its batch is refused', async () => {
    const failing = new Writable({ write: (_chunk, _encoding, done) => done(new Error('no space')) });
    const { sink, events } = sinkTo(failing);
    const batch = [aSample({ volume: Number.NaN }), aSample()];
    for (const _attempt of [1, 2]) await expect(sink.publish(batch, signal)).rejects.toThrow('cannot write');
    expect(events).toMatchObject([{ event: 'sample.dropped', reason: 'volume_not_finite', count: 1 }]);
  });
});

describe('table', () => {
  it('is this text', () => {
    const sample = aSample({ volume: 2n ** 64n - 1n, coverage: 0.9876 });
    expect([tableHead(), tableRow(sample)]).toEqual([
      'TIME                  METER                                             VOLUME  UNIT        COVERAGE  QUALITY       RESOURCE',
      '2026-11-22T14:00:00Z  cpu                                 18446744073709551615  ns             98.8%  measured      178b0921-8f85-4257-88b6-2e743b5a975c',
    ]);
  });

  it('lets no name steer the terminal', () => {
    const row = tableRow(aSample({ name: 'a\u001b[2Jb\n', coverage: null }));
    expect(row).not.toMatch(/\p{C}/u);
    expect(row).toContain('a\ufffd[2Jb\ufffd');
  });
});
