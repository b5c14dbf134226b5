import { randomBytes } from 'node:crypto';
import { formatTraceparent } from '../runtime/trace-context.ts';
import { causesOf, faultOf, type OpenTracing, type Tracing, tracedAttributes } from '../runtime/tracing.ts';
import { exportVerdict } from '../sinks/otlp/export-answer.ts';
import { createClient } from '../sinks/push/client.ts';
import { compressed } from '../sinks/push/compression.ts';
import { concealing } from '../sinks/push/concealing.ts';
import type { TracingConfig } from './config.ts';
import type { TracingDeps } from './deps.ts';
import type { EndedSpan } from './ended-span.ts';
import { traceRequest } from './export-request.ts';
import { createSpanQueue, type Sent } from './span-queue.ts';

/** Traces without an SDK: posts spans to a receiver of OTLP. */
export function otlpTracing(config: TracingConfig, deps: TracingDeps): OpenTracing {
  const { clock, report } = deps;
  const { send, close } = senderTo(config, deps);
  const queue = createSpanQueue({ capacity: config.queue, send, clock, report });
  return {
    tracing: tracingInto(queue.put, config.ratio, clock),
    close: async (signal) => {
      try {
        await queue.close(signal);
      } finally {
        await close();
      }
    },
  };
}

/** Looks whether the receiver takes spans, by sending it none. Rejects with an error that says what to do. */
export async function checkReceiver(
  config: TracingConfig,
  deps: Omit<TracingDeps, 'report'>,
  signal: AbortSignal,
): Promise<void> {
  const { send, close } = senderTo(config, deps);
  try {
    const { words } = await send([], signal);
    if (words !== '') throw new Error(`tracing: ${words}`);
  } finally {
    await close();
  }
}

function senderTo(config: TracingConfig, deps: Omit<TracingDeps, 'report'>) {
  const { clock } = deps;
  const client = createClient('tracing', config, clock);
  const conceal = concealing(config);
  const send = async (spans: readonly EndedSpan[], signal: AbortSignal): Promise<Sent> => {
    const { body, headers } = await compressed(traceRequest(spans, deps), 'gzip');
    const answer = await client.post(body, { 'content-type': 'application/x-protobuf', ...headers }, signal);
    const verdict = exportVerdict(answer, clock.now());
    if (verdict.is === 'unavailable') throw new Error(`tracing: ${conceal(verdict.why)}`);
    if (verdict.is === 'done') return { refused: 0, words: '' };
    if (verdict.is === 'too_large') return { refused: spans.length, words: 'a request is too large for the receiver' };
    return {
      refused: verdict.is === 'partly' ? verdict.rejected : spans.length,
      words: `the receiver does not take spans: ${conceal(verdict.words)}`,
    };
  };
  return { send, close: () => client.close() };
}

/** A span with recorded causes is recorded; of the others a share is, by chance. */
export function tracingInto(
  put: (span: EndedSpan) => void,
  ratio: number,
  clock: Pick<TracingDeps['clock'], 'now' | 'random'>,
): Tracing {
  return {
    now: () => clock.now(),
    begin({ name, role, sinceUs = clock.now(), causes, attributes }) {
      const [parent, ...links] = causesOf(causes);
      if (parent === undefined && clock.random() >= ratio) return null;
      const traceId = parent?.traceId ?? idOf(16);
      const spanId = idOf(8);
      return {
        traceparent: formatTraceparent({ traceId, spanId, sampled: true }),
        end(more, error) {
          const fault = error === undefined ? null : faultOf(error);
          put({
            name,
            role,
            traceId,
            spanId,
            parentId: parent?.spanId ?? null,
            links,
            startUs: sinceUs,
            endUs: Math.max(sinceUs, clock.now()),
            attributes: {
              ...tracedAttributes(attributes),
              ...tracedAttributes(more),
              ...(fault === null ? {} : { 'error.type': fault.type }),
            },
            fault: fault?.message ?? null,
          });
        },
      };
    },
  };
}

/** Random bytes as hexadecimal digits; never zeros alone, which would say that there is none. */
function idOf(bytes: number): string {
  for (;;) {
    const id = randomBytes(bytes).toString('hex');
    if (!/^0+$/.test(id)) return id;
  }
}
