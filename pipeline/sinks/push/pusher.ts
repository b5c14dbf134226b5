import type { Sample } from '../../model/sample.ts';
import { leaveOut } from '../dead-samples.ts';
import { type Sink, type SinkContext, SinkError } from '../sink.ts';
import { screen } from '../validate.ts';
import { type Answer, type Client, createClient } from './client.ts';
import { type Endpoint, shownUrl } from './endpoint.ts';
import { type Verdict, verdictOf } from './verdict.ts';

/** One request, before the fixed headers are added. */
export interface Post {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** What one protocol says about pushing samples. */
export interface Protocol {
  /** The samples in the order in which they must go, in groups that may not share a request; without it all are one. */
  groups?(samples: readonly Sample[]): readonly (readonly Sample[])[];
  /** The samples as one request. */
  encode(samples: readonly Sample[]): Post | Promise<Post>;
  /** What this protocol's answers mean beyond their status; undefined: no more than that. */
  judge?(answer: Answer, samples: readonly Sample[]): Verdict | 'again' | undefined;
}

export interface PushSettings {
  readonly kind: string;
  readonly name?: string | undefined;
  /** At most so many samples and bytes a request. */
  readonly maxSamples: number;
  readonly maxBytes: number;
}

/** The name of a sink that pushes. */
export const pushName = ({ kind, name }: Pick<PushSettings, 'kind' | 'name'>, endpoint: Endpoint): string =>
  name ?? `${kind}:${shownUrl(endpoint.url)}`;

/**
 * A sink that posts samples by a protocol. What is refused is sent again in halves until the samples that are refused
 * stand alone; those are left out. What was delivered of a batch that failed is not sent again by the next attempt.
 */
export function createPusher(
  settings: PushSettings,
  endpoint: Endpoint,
  protocol: Protocol,
  context: SinkContext,
): Sink {
  const name = pushName(settings, endpoint);
  const { clock, report } = context;
  const client: Client = createClient(name, endpoint, clock);
  const conceal = concealing(endpoint);
  /** Samples of the present batch that are delivered or left out. */
  const settled = new Set<Sample>();
  let notBeforeUs = Number.NEGATIVE_INFINITY;

  async function exchange(samples: readonly Sample[], signal: AbortSignal): Promise<Verdict> {
    for (;;) {
      const { body, headers } = await protocol.encode(samples);
      if (body.length > settings.maxBytes) return { is: 'too_large' };
      await patience(signal);
      const answer = await client.post(body, headers, signal);
      const verdict = protocol.judge?.(answer, samples) ?? verdictOf(answer, clock.now());
      if (verdict !== 'again') return verdict;
    }
  }

  /** Waits as long as the server asked for. */
  async function patience(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const waitMs = Math.ceil((notBeforeUs - clock.monotonic()) / 1000);
    if (waitMs > 0) await clock.sleep(waitMs, signal);
  }

  async function offer(samples: readonly Sample[], signal: AbortSignal): Promise<void> {
    const verdict = await exchange(samples, signal);
    if (verdict.is === 'unavailable') {
      notBeforeUs = clock.monotonic() + verdict.afterMs * 1000;
      throw new SinkError(name, conceal(verdict.why));
    }
    if (verdict.is !== 'done' && samples.length > 1) {
      const middle = samples.length >> 1;
      await offer(samples.slice(0, middle), signal);
      await offer(samples.slice(middle), signal);
      return;
    }
    if (verdict.is === 'refused') {
      const error = new SinkError(name, `refuses a sample: ${conceal(verdict.words)}`);
      report({ event: 'publish.failed', sink: name, error, retryMs: 0 });
    }
    if (verdict.is !== 'done')
      await leaveOut(context, { sink: name, reason: verdict.is === 'refused' ? 'refused' : 'oversize', samples });
    for (const sample of samples) settled.add(sample);
  }

  return {
    name,
    async publish(batch, signal) {
      const rest = batch.filter((sample) => !settled.has(sample));
      const good = await screen(rest, name, context);
      const sendable = new Set(good);
      for (const sample of rest) if (!sendable.has(sample)) settled.add(sample);
      for (const group of protocol.groups?.(good) ?? [good]) {
        for (let start = 0; start < group.length; start += settings.maxSamples) {
          await offer(group.slice(start, start + settings.maxSamples), signal);
        }
      }
      settled.clear();
    },
    close: () => client.close(),
  };
}

/** Takes our own credentials out of what a server says: some repeat what they were sent. */
function concealing({ auth, headers }: Endpoint): (words: string) => string {
  const { password, bearerToken } = auth ?? {};
  const secrets = [password, bearerToken, ...Object.values(headers)].filter((secret) => secret !== undefined);
  const concealed = secrets.filter((secret) => secret.length >= 4);
  return (words) => concealed.reduce((text, secret) => text.replaceAll(secret, '***'), words);
}
