import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../../../pipeline/runtime/events.ts';
import { file, fileConfig } from '../../../../pipeline/sinks/file/file.ts';
import { jsonLine } from '../../../../pipeline/sinks/json-line.ts';
import { aSample } from '../a-sample.ts';

const { signal } = new AbortController();
let directory = '';
let path = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hypermeter-file-'));
  path = join(directory, 'meters.jsonl');
});
afterEach(() => rm(directory, { recursive: true }));

function sinkOf(config: object = {}) {
  const events: InternalEvent[] = [];
  const context = {
    clock: systemClock,
    publisherId: 'dev',
    keep: async () => undefined,
    report: (event: InternalEvent) => events.push(event),
  };
  return { sink: file.create(fileConfig.parse({ type: 'file', path, ...config }), context), events };
}

const named = (name: string) => aSample({ name });
const line = (name: string) => `${jsonLine(named(name))}\n`;
const LINE_BYTES = Buffer.byteLength(line('a'));
const content = (suffix = '') => readFile(path + suffix, 'utf8');

describe('file sink', () => {
  it.each([true, false])('has every line in the file when publish resolves (fsync %s)', async (fsync) => {
    const { sink } = sinkOf({ fsync });
    await sink.publish([named('a'), named('b')], signal);
    expect(await content()).toBe(line('a') + line('b'));
    await sink.publish([], signal);
    await sink.publish([named('c')], signal);
    expect(await content()).toBe(line('a') + line('b') + line('c'));
    await sink.close();
    await sink.close();
  });

  it('appends to what is there', async () => {
    const first = sinkOf();
    await first.sink.publish([named('a')], signal);
    await first.sink.close();
    const second = sinkOf();
    await second.sink.publish([named('b')], signal);
    await second.sink.close();
    expect(await content()).toBe(line('a') + line('b'));
  });

  it('ends a line that a crash left half-written, and keeps it', async () => {
    await writeFile(path, `${line('a')}{"counter_na`);
    const { sink } = sinkOf();
    await sink.publish([named('b')], signal);
    await sink.close();
    expect(await content()).toBe(`${line('a')}{"counter_na\n${line('b')}`);
  });

  it('leaves a line alone that another is writing, as long as it writes nothing itself', async () => {
    await writeFile(path, `${line('a')}{"counter_na`);
    const { sink } = sinkOf();
    await sink.open?.(signal);
    await sink.close();
    expect(await content()).toBe(`${line('a')}{"counter_na`);
  });

  it('rotates before the size is passed, also within a batch, and keeps so many', async () => {
    const { sink } = sinkOf({ maxBytes: LINE_BYTES * 2, backups: 2 });
    await sink.publish(['a', 'b', 'c'].map(named), signal);
    await sink.publish(['d', 'e', 'f', 'g', 'h'].map(named), signal);
    await sink.close();
    expect((await readdir(directory)).sort()).toEqual(['meters.jsonl', 'meters.jsonl.1', 'meters.jsonl.2']);
    expect(await content()).toBe(line('g') + line('h'));
    expect(await content('.1')).toBe(line('e') + line('f'));
    expect(await content('.2')).toBe(line('c') + line('d'));
  });

  it('keeps none if so told', async () => {
    const { sink } = sinkOf({ maxBytes: LINE_BYTES, backups: 0 });
    await sink.publish(['a', 'b'].map(named), signal);
    await sink.close();
    expect(await readdir(directory)).toEqual(['meters.jsonl']);
    expect(await content()).toBe(line('b'));
  });

  it('counts what was there before towards the size', async () => {
    await appendFile(path, line('a'));
    const { sink } = sinkOf({ maxBytes: LINE_BYTES + 1 });
    await sink.publish([named('b')], signal);
    await sink.close();
    expect([await content('.1'), await content()]).toEqual([line('a'), line('b')]);
  });

  it('gives a line longer than any file one to itself', async () => {
    const { sink } = sinkOf({ maxBytes: 1 });
    await sink.publish(['a', 'b'].map(named), signal);
    await sink.close();
    expect([await content('.1'), await content()]).toEqual([line('a'), line('b')]);
  });

  it('leaves out what is malformed, says so, and writes the rest', async () => {
    const { sink, events } = sinkOf();
    await sink.publish([aSample({ volume: Number.NaN }), named('b')], signal);
    await sink.close();
    expect(await content()).toBe(line('b'));
    expect(events).toEqual([{ event: 'sample.dropped', sink: `file:${path}`, reason: 'volume_not_finite', count: 1 }]);
  });

  it('counts what is malformed once, however often its batch is refused', async () => {
    const { sink, events } = sinkOf({ path: directory });
    const batch = [aSample({ volume: Number.NaN }), named('b')];
    for (const _attempt of [1, 2]) await expect(sink.publish(batch, signal)).rejects.toThrow('it is a directory');
    expect(events).toMatchObject([{ event: 'sample.dropped', reason: 'volume_not_finite', count: 1 }]);
  });

  it('takes a device, of which there is nothing to sync or to rotate', async () => {
    const { sink } = sinkOf({ path: '/dev/null', maxBytes: LINE_BYTES });
    await sink.open?.(signal);
    await sink.publish(['a', 'b'].map(named), signal);
    await sink.publish([named('c')], signal);
    await sink.close();
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
  });

  it('says what to use instead of a named pipe or a socket', async () => {
    await promisify(execFile)('mkfifo', [path]);
    const pipe = sinkOf().sink;
    await expect(pipe.open?.(signal)).rejects.toThrow(`cannot write ${path}: it is a named pipe`);
    await expect(pipe.publish([named('a')], signal)).rejects.toThrow('use a sink of type stdout');
    const server = createServer().listen(join(directory, 's'));
    await once(server, 'listening');
    await expect(sinkOf({ path: join(directory, 's') }).sink.open?.(signal)).rejects.toThrow('it is a socket');
    server.close();
  });

  it('says what to do where the directory is missing, and writes once it is there', async () => {
    const nested = join(directory, 'later', 'm.jsonl');
    const { sink } = sinkOf({ path: nested });
    await expect(sink.open?.(signal)).rejects.toThrow('its directory is missing: make it');
    await expect(sink.publish([named('a')], signal)).rejects.toMatchObject({ name: 'SinkError', code: 'unavailable' });
    await mkdir(join(directory, 'later'));
    await sink.publish([named('a')], signal);
    await sink.close();
    expect(await readFile(nested, 'utf8')).toBe(line('a'));
  });

  it.skipIf(process.getuid?.() === 0)('says what to do about permissions', async () => {
    await chmod(directory, 0o500);
    await expect(sinkOf().sink.publish([named('a')], signal)).rejects.toThrow('permission denied: let this user');
  });

  it('says what to do where the path is a directory', async () => {
    const { sink } = sinkOf({ path: directory });
    await expect(sink.publish([named('a')], signal)).rejects.toThrow('it is a directory: name a file in it');
  });

  it.skipIf(process.platform !== 'linux')('rejects while the disk is full', async () => {
    const { sink } = sinkOf({ path: '/dev/full', fsync: false });
    for (const attempt of [1, 2])
      await expect(sink.publish([named(`${attempt}`)], signal)).rejects.toThrow('the disk is full: make room');
    await sink.close();
  });

  it('writes nothing for an aborted publish', async () => {
    const { sink } = sinkOf();
    await expect(sink.publish([named('a')], AbortSignal.abort())).rejects.toThrow();
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('file configuration', () => {
  it.each([
    ['64MiB', 67_108_864],
    ['1GB', 1e9],
    ['1.5KiB', 1536],
    [4096, 4096],
    [undefined, 67_108_864],
  ])('reads the size %s', (maxBytes, bytes) => {
    expect(fileConfig.parse({ type: 'file', path: 'x', maxBytes }).maxBytes).toBe(bytes);
  });

  it.each(['', '0', '0B', '-1', '64 mib', '9999999999GiB', 0, 1.5])('refuses the size %j', (maxBytes) => {
    expect(fileConfig.safeParse({ type: 'file', path: 'x', maxBytes }).success).toBe(false);
  });
});
