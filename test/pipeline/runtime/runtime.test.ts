import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type Program, type Runtime, withRuntime } from '../../../pipeline/runtime/runtime.ts';
import { collected } from './collected.ts';
import { handClock } from './hand-clock.ts';

function run(body: (runtime: Runtime) => Program) {
  const signals = new EventEmitter();
  const destination = collected();
  const exits: unknown[] = [];
  const outcome = withRuntime(
    {
      build: { version: '1', node: 'v20', librdkafka: '2' },
      listen: { host: '127.0.0.1', port: 0 },
      log: { level: 'info', pretty: false, color: false, destination },
      clock: handClock(),
    },
    signals,
    { exitNow: (signal) => exits.push(signal), crash: (error) => exits.push(error) },
    body,
  );
  return { signals, destination, exits, outcome };
}

describe('a program', () => {
  it('runs until a signal, and its port answers until the end', async () => {
    const statuses: number[] = [];
    const look = ({ ops }: Runtime) =>
      fetch(`http://127.0.0.1:${ops?.port}/readyz`).then((r) => statuses.push(r.status));
    const { signals, destination, outcome } = run((runtime) => ({
      parts: [
        {
          name: 'sink',
          start: async () => void (await look(runtime)),
          stop: async () => void (await look(runtime)),
        },
      ],
    }));
    await expect.poll(() => destination.text).toContain('"ready"');
    signals.emit('SIGTERM');
    expect(await outcome).toEqual({ failures: [] });
    expect(statuses).toEqual([503, 503]);
    // What passes the signal on may do so a moment later.
    expect(signals.eventNames()).toEqual(['SIGTERM']);
  });

  it('shows what its endpoints and the spool are doing', async () => {
    const { signals, destination, outcome } = run(({ report, ops }) => ({
      parts: [
        {
          name: 'collector',
          start: async () => {
            const kvm1 = { hypervisor: 'kvm1', kind: 'libvirt' };
            const error = Object.assign(new Error('kvm1: qemu+tcp://me:hunter2@kvm1/ refuses'), { code: 'refused' });
            report({ event: 'endpoint.connecting', hypervisor: 'kvm2', kind: 'libvirt' });
            report({ event: 'endpoint.lost', ...kvm1, error, retryMs: 1000 });
            report({ event: 'spool.looked', slices: 7, bytes: 700, ageUs: 3_000_000 });
            report({ event: 'spool.dropped', reason: 'full', slices: 5, bytes: 500 });
            const text = await (await fetch(`http://127.0.0.1:${ops?.port}/status.json`)).text();
            expect(text).not.toContain('hunter2');
            expect(JSON.parse(text)).toMatchObject({
              version: '1',
              ready: false,
              states: { backing_off: 1, connecting: 1 },
              spool: { slices: 7, bytes: 700, oldestAgeSeconds: 3, dropped: 5, lastError: null },
              endpoints: [
                { hypervisor: 'kvm1', state: 'backing_off', lastError: { reason: 'refused' } },
                { hypervisor: 'kvm2', state: 'connecting', lastError: null },
              ],
            });
          },
        },
      ],
    }));
    await expect.poll(() => destination.text).toContain('"ready"');
    signals.emit('SIGTERM');
    await outcome;
  });

  it('exits at once on the second signal', async () => {
    let finish: () => void = () => undefined;
    const { signals, destination, exits, outcome } = run(() => ({
      parts: [{ name: 'slow', stop: () => new Promise<void>((resolve) => (finish = resolve)) }],
    }));
    await expect.poll(() => destination.text).toContain('"ready"');
    signals.emit('SIGINT');
    expect(exits).toEqual([]);
    signals.emit('SIGTERM');
    expect(exits).toEqual(['SIGTERM']);
    finish();
    await outcome;
  });

  it('ends when it is done', async () => {
    const stopped: string[] = [];
    const part = { name: 'sink', stop: async () => void stopped.push('sink') };
    expect(await run(() => ({ parts: [part], done: Promise.resolve() })).outcome).toEqual({ failures: [] });
    expect(stopped).toEqual(['sink']);
  });

  it('stops and throws what broke it', async () => {
    const stopped: string[] = [];
    const part = { name: 'sink', stop: async () => void stopped.push('sink') };
    const { outcome, signals } = run(() => ({ parts: [part], done: Promise.reject(new Error('broken')) }));
    await expect(outcome).rejects.toThrow('broken');
    expect(stopped).toEqual(['sink']);
    expect(signals.eventNames()).toEqual([]);
  });

  it('hands an exception that nobody caught to who may exit', async () => {
    const { signals, destination, exits, outcome } = run(() => ({ parts: [] }));
    await expect.poll(() => destination.text).toContain('"ready"');
    signals.emit('unhandledRejection', new Error('bug'));
    expect(exits).toEqual([new Error('bug')]);
    expect(destination.text).toContain('"internal error"');
    signals.emit('SIGTERM');
    await outcome;
  });
});
