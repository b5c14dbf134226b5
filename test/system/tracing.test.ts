import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { unique } from '../pipeline/kafka/fixtures.ts';
import {
  type OtelCollector,
  plainAttributes,
  type ReceivedSpan,
  receivedSpans,
  startOtelCollector,
} from '../services/otel-collector.ts';
import { available } from '../services/service.ts';
import { type Child, metricsOf, ready, startProgram } from './child.ts';

const EXAMPLE = pathToFileURL('docs/examples/otel.mjs').href;
const hasKafka = await available('kafka');
const FLEET = { name: 'sim', type: 'simulator', hosts: 2, instances: 4, faults: 'none' };

/** A configuration of a small fleet with short windows, in a file of its own. */
async function configured(more: object) {
  const directory = await mkdtemp(join(tmpdir(), 'hypermeter-tracing-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, 'hypermeter.yaml');
  const config = {
    collector: { interval: '1s' },
    connectors: [FLEET],
    pipeline: { windows: [{ size: '2s', grace: '1s' }], reorder: '1s' },
    sinks: [{ type: 'file', name: 'out', path: join(directory, 'meters.jsonl') }],
    ops: { listen: '127.0.0.1:0' },
    ...more,
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

/** A delivery with the windows and the poll that led to it, in one trace. */
function paths(spans: readonly ReceivedSpan[]) {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  return spans.flatMap((publish) => {
    const window = byId.get(publish.parentSpanId ?? '');
    const poll = byId.get(window?.parentSpanId ?? '');
    return publish.name === 'publish' && window && poll ? [{ publish, window, poll }] : [];
  });
}

async function stopped(...children: readonly Child[]): Promise<void> {
  for (const child of children) child.kill('SIGTERM');
  for (const child of children) {
    const { code } = await child.exit;
    expect(code, child.stderr()).toBe(0);
  }
}

describe.skipIf(!(await available('otelcol')))('traces of the program at a real Collector [otelcol]', () => {
  let collector: OtelCollector;
  beforeAll(async () => {
    collector = await startOtelCollector('traces');
  }, 30_000);
  afterAll(() => collector.stop());
  /** Only those of a process: the tests share the collector. */
  const spansOf = async (instance: string) => {
    const { resources } = await receivedSpans(collector);
    expect(resources.some((each) => each['service.instance.id'] === instance)).toBe(true);
    return (await receivedSpans(collector)).spans;
  };

  test('by nothing but configuration: from the poll to the delivery, whole when it has stopped', async () => {
    const file = await configured({ service: { id: 'one' }, tracing: { url: `${collector.url}/v1/traces` } });
    const program = startProgram(['run', '-c', file]);
    await ready(program);
    await expect
      .poll(async () => paths((await receivedSpans(collector)).spans).length, { timeout: 40_000 })
      .toBeGreaterThan(1);
    const metrics = await metricsOf(program);
    expect(metrics.get('hypermeter_spans_sent_total')).toBeGreaterThan(0);
    expect([...metrics.keys()].filter((name) => name.startsWith('hypermeter_spans_lost_total'))).toEqual([]);
    await stopped(program);

    const spans = await spansOf('one');
    const { publish, window, poll } = paths(spans)[0] as ReturnType<typeof paths>[number];
    expect([window.traceId, publish.traceId]).toEqual([poll.traceId, poll.traceId]);
    expect(plainAttributes(poll.attributes)).toMatchObject({
      'hypermeter.hypervisor': expect.stringMatching(/^sim/),
      'hypermeter.kind': 'simulator',
      'hypermeter.instances': expect.stringMatching(/^[1-4]$/),
    });
    expect(plainAttributes(publish.attributes)).toMatchObject({ 'hypermeter.sink': 'out', 'hypermeter.attempts': '1' });
    expect(BigInt(publish.startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(poll.endTimeUnixNano));
    // Nothing was left behind: whatever a span descends from is there.
    const ids = new Set(spans.map(({ spanId }) => spanId));
    for (const span of spans) if (span.parentSpanId) expect(ids).toContain(span.parentSpanId);
    // One span a poll, a pull and a delivery; there are many more readings than that.
    expect(new Set(spans.map(({ name }) => name))).toEqual(new Set(['poll', 'window', 'publish']));
  });

  test("by the user's own SDK, as docs/examples/otel.mjs registers it", async () => {
    const before = new Set((await receivedSpans(collector)).spans.map(({ spanId }) => spanId));
    const file = await configured({});
    const program = startProgram(['run', '-c', file], {
      NODE_OPTIONS: `--import ${EXAMPLE}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    });
    await ready(program);
    // It sends every five seconds, and at the end.
    await expect
      .poll(() => metricsOf(program).then((metrics) => metrics.get('hypermeter_samples_published_total{sink="out"}')), {
        timeout: 40_000,
      })
      .toBeGreaterThan(0);
    await stopped(program);
    // The Collector writes in its own time.
    const news = async () => (await receivedSpans(collector)).spans.filter(({ spanId }) => !before.has(spanId));
    await expect.poll(async () => paths(await news()).length, { timeout: 20_000 }).toBeGreaterThan(0);
    const { resources } = await receivedSpans(collector);
    expect(resources.at(-1)).toMatchObject({ 'service.name': 'hypermeter' });
  });

  test('without tracing, nothing is sent to anybody', async () => {
    let length = -1;
    // What the tests before this one have sent is written.
    for (let now = 0; now !== length; now = (await collector.lines()).length) {
      length = now;
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
    const program = startProgram(['run', '-c', await configured({})], { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await ready(program);
    await stopped(program);
    expect(await collector.lines()).toHaveLength(length);
  });

  describe.skipIf(!hasKafka)('over a real Kafka [kafka]', () => {
    test('the collector and the pipeline, two processes, share a trace; a receiver that is away stops neither', async () => {
      const topic = unique('tracing');
      const kafka = {
        brokers: ['127.0.0.1:19092'],
        group: topic,
        topics: { raw: topic },
        partitions: 2,
        replication: 1,
      };
      const tracing = { url: `${collector.url}/v1/traces` };
      const file = await configured({ service: { id: 'two' }, kafka, tracing });
      const lost = await configured({
        service: { id: 'lost' },
        kafka: { ...kafka, group: `${topic}.2` },
        tracing: { url: 'http://127.0.0.1:9/v1/traces' },
      });
      const children = [
        startProgram(['pipeline', '-c', file]),
        startProgram(['collect', '-c', file]),
        startProgram(['pipeline', '-c', lost]),
      ];
      for (const child of children) await ready(child);
      const before = new Set((await receivedSpans(collector)).spans.map(({ spanId }) => spanId));
      await expect
        .poll(async () => paths((await spansOf('two')).filter(({ spanId }) => !before.has(spanId))).length, {
          timeout: 60_000,
        })
        .toBeGreaterThan(0);
      await expect
        .poll(() => children[2]?.stderr(), { timeout: 20_000 })
        .toMatch(/spans could not be sent; metering is not touched by that/);
      expect(children[2]?.stderr()).toContain('nobody listens there');
      await stopped(...children);
    });
  });
});
