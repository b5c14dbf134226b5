import { libvirt } from '../../connectors/libvirt/libvirt.ts';
import { type Clock, systemClock } from '../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { FakeLibvirtd, type FakeOptions } from './libvirtd.ts';

/** Without time of its own: it moves when told, and whoever sleeps wakes at once when his time has come. */
export class ManualClock implements Clock {
  #at = 0;
  #sleepers: { readonly until: number; readonly wake: () => void }[] = [];
  readonly random = (): number => 0.5;
  now = (): number => 1_772_964_000_000_000 + this.#at;
  monotonic = (): number => this.#at;

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason);
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const sleeper = { until: this.#at + ms * 1000, wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', abort);
    });
  }

  advance(ms: number): void {
    this.#at += ms * 1000;
    const due = this.#sleepers.filter(({ until }) => until <= this.#at);
    this.#sleepers = this.#sleepers.filter(({ until }) => until > this.#at);
    for (const { wake } of due) wake();
  }
}

export interface BenchOptions extends FakeOptions {
  readonly clock?: Clock;
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A fake daemon and an endpoint `kvm1` that is configured to it, with everything it reports; of its guests alone. */
export async function bench(options: BenchOptions = {}) {
  const fake = await FakeLibvirtd.start(options);
  const events: InternalEvent[] = [];
  const uri = `qemu+tcp://127.0.0.1:${fake.port}/system`;
  // A second of a clock that is moved by hand; more than any test takes by the real one.
  const stuckAfterMs = options.clock ? 1000 : 60_000;
  const config = libvirt.schema.parse({
    name: 'kvm1',
    type: 'libvirt',
    uri,
    hosts: false,
    stuckAfterMs,
    ...options.config,
  });
  const endpoint = libvirt.create(config, {
    clock: options.clock ?? systemClock,
    report: (event) => events.push(event),
  });
  if (!('connect' in endpoint)) throw new Error('libvirt is polled');
  const malformed = (): number =>
    events.reduce((sum, event) => (event.event === 'reading.dropped' ? sum + event.count : sum), 0);
  return { fake, endpoint, events, malformed };
}
