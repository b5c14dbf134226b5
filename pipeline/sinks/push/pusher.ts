import type { Sample } from '../../model/sample.ts';
import { leavingOut } from '../dead-samples.ts';
import { type Sink, type SinkContext, SinkError } from '../sink.ts';
import { type SampleFault, screen } from '../validate.ts';
import { type Answer, type Client, createClient } from './client.ts';
import { concealing } from './concealing.ts';
import { type Endpoint, shownUrl } from './endpoint.ts';
import { type Verdict, verdictOf } from './verdict.ts';

/** One request, before the fixed headers are added. */
export interface Post {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** What one protocol says about pushing samples. */
export interface Protocol {
  /** Why the protocol has no form for a sample; null: it has. Without it, it has one for all. */
  faultOf?(sample: Sample): SampleFault | null;
  /** The samples in the order in which they must go, in groups that may not share a request; without it all are one. */
  groups?(samples: readonly Sample[]): readonly (readonly Sample[])[];
  /** The samples as one request. */
  encode(samples: readonly Sample[]): Post | Promise<Post>;
  /** What this protocol's answers mean beyond their status; undefined: no more than that. */
  judge?(answer: Answer, nowUs: number): Verdict | 'again' | undefined;
}

/** After so many doubtful answers in a row it is looked whether the server is ill. */
const MOST_STUMBLES = 16;

interface Doubt {
  readonly words: string;
  readonly samples: readonly Sample[];
}

export interface PushSettings {
  readonly kind: string;
  readonly name?: string | undefined;
  /** At most so many samples and bytes a request. */
  readonly maxSamples: number;
  readonly maxBytes: number;
}

/** The name of a sink that pushes. */
const pushName = ({ kind, name }: Pick<PushSettings, 'kind' | 'name'>, endpoint: Endpoint): string =>
  name ?? `${kind}:${shownUrl(endpoint.url)}`;

/**
 * A sink that posts samples by a protocol. What is refused is sent again in halves until the samples that are refused
 * stand alone; those are left out. What was delivered of a batch that failed is not sent again by the next attempt.
 *
 * A sample that the server stumbles over is at fault only if the server is well. So it is sent once more, and what the
 * server took last (the probe) is sent again before and after that, unless it took something else then. Whoever takes no
 * probe is ill, and the batch is offered again.
 */
export function createPusher(
  settings: PushSettings,
  endpoint: Endpoint,
  protocol: Protocol,
  context: SinkContext,
): Sink {
  const name = pushName(settings, endpoint);
  const leaveOut = leavingOut(name, context);
  const { clock, report } = context;
  const client: Client = createClient(name, endpoint, clock);
  const conceal = concealing(endpoint);
  /** Samples of the present batch that are delivered or left out. */
  const settled = new Set<Sample>();
  /** Single samples of the present attempt that the server may have stumbled over. */
  let doubts: Doubt[] = [];
  /** Doubtful answers since the server was last seen to be well. */
  let stumbles = 0;
  /** The sample that the server took last, of this batch or an earlier one. */
  let probe: Sample | undefined;
  let notBeforeUs = Number.NEGATIVE_INFINITY;

  async function exchange(samples: readonly Sample[], signal: AbortSignal): Promise<Verdict> {
    for (;;) {
      const { body, headers } = await protocol.encode(samples);
      if (body.length > settings.maxBytes) return { is: 'too_large' };
      await patience(signal);
      const answer = await client.post(body, headers, signal);
      const nowUs = clock.now();
      const verdict = protocol.judge?.(answer, nowUs) ?? verdictOf(answer, nowUs);
      if (verdict !== 'again') return verdict;
    }
  }

  /** Waits as long as the server asked for. */
  async function patience(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const waitMs = Math.ceil((notBeforeUs - clock.monotonic()) / 1000);
    if (waitMs > 0) await clock.sleep(waitMs, signal);
  }

  /** What the server says of the samples. Rejects where that is nothing. */
  async function ask(samples: readonly Sample[], signal: AbortSignal): Promise<Said> {
    const verdict = await exchange(samples, signal);
    if (verdict.is !== 'unavailable') return verdict;
    notBeforeUs = clock.monotonic() + verdict.afterMs * 1000;
    throw new SinkError(name, conceal(verdict.why));
  }

  async function offer(samples: readonly Sample[], signal: AbortSignal): Promise<void> {
    const verdict = await ask(samples, signal);
    if (verdict.is === 'doubtful' && ++stumbles > MOST_STUMBLES) await proveWell(verdict.words, signal);
    if (verdict.is === 'done' || verdict.is === 'partly') {
      stumbles = 0;
      probe = samples.at(-1);
    } else if (samples.length > 1) {
      const middle = samples.length >> 1;
      await offer(samples.slice(0, middle), signal);
      await offer(samples.slice(middle), signal);
      return;
    }
    if (verdict.is === 'doubtful') doubts.push({ words: verdict.words, samples });
    else await settle(verdict, samples);
  }

  /** Rejects where the server stumbles over what it took before. */
  async function proveWell(words: string, signal: AbortSignal): Promise<void> {
    if (stumbles === 0) return;
    if (probe === undefined || (await ask([probe], signal)).is === 'doubtful')
      throw new SinkError(name, conceal(words));
    stumbles = 0;
  }

  /** Leaves out what a well server stumbles over twice. */
  async function decide(signal: AbortSignal): Promise<void> {
    const again = doubts;
    doubts = [];
    for (const { words } of again.slice(0, 1)) await proveWell(words, signal);
    for (const { samples } of again) await offer(samples, signal);
    for (const { words } of doubts.slice(0, 1)) await proveWell(words, signal);
    for (const { words, samples } of doubts) await settle({ is: 'refused', words }, samples);
  }

  async function settle(verdict: Settled, samples: readonly Sample[]): Promise<void> {
    await account(verdict, samples);
    for (const sample of samples) settled.add(sample);
  }

  /** Tells what the server had to say, and leaves out what it does not take. */
  async function account(verdict: Settled, samples: readonly Sample[]): Promise<void> {
    if (verdict.is === 'done') return;
    if (verdict.is === 'too_large') return leaveOut('oversize', samples);
    const rejected = verdict.is === 'refused' ? samples.length : verdict.rejected;
    const what = rejected === 0 ? 'warns' : `refuses ${rejected} of ${samples.length} samples`;
    const error = new SinkError(name, `${what}: ${conceal(verdict.words)}`);
    report({ event: 'publish.failed', sink: name, error, retryMs: 0 });
    if (rejected >= samples.length) return leaveOut('refused', samples);
    // Which they are is not known: they are counted, but cannot be kept.
    if (rejected > 0) report({ event: 'sample.dropped', sink: name, reason: 'refused', count: rejected });
  }

  /** The samples that can be sent; the others are left out. */
  async function sendable(samples: readonly Sample[]): Promise<readonly Sample[]> {
    const valid = new Set(await screen(samples, leaveOut));
    for (const sample of samples) if (!valid.has(sample)) settled.add(sample);
    for (const sample of valid) {
      const reason = protocol.faultOf?.(sample) ?? null;
      if (reason === null) continue;
      await leaveOut(reason, [sample]);
      valid.delete(sample);
      settled.add(sample);
    }
    return [...valid];
  }

  return {
    name,
    async look(signal) {
      // That it refuses a request without samples, as it may want one, is well. That it stumbles is not: nothing is in it.
      const verdict = await ask([], signal);
      if (verdict.is === 'doubtful') throw new SinkError(name, conceal(verdict.words));
    },
    async publish(batch, signal) {
      doubts = [];
      stumbles = 0;
      const good = await sendable(batch.filter((sample) => !settled.has(sample)));
      for (const group of protocol.groups?.(good) ?? [good]) {
        for (let start = 0; start < group.length; start += settings.maxSamples) {
          await offer(group.slice(start, start + settings.maxSamples), signal);
        }
      }
      await decide(signal);
      settled.clear();
    },
    close: () => client.close(),
  };
}

type Said = Exclude<Verdict, { readonly is: 'unavailable' }>;
type Settled = Exclude<Said, { readonly is: 'doubtful' }>;
