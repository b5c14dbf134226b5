import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { aServer } from '../pipeline/sinks/push/a-server.ts';
import { otelcol } from './service.ts';

/** A real OpenTelemetry Collector that writes what it is sent to a file, a line a request. */
export interface OtelCollector {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly lines: () => Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** Starts one on a free port of loopback, for metrics or for traces. */
export async function startOtelCollector(signal: 'metrics' | 'traces'): Promise<OtelCollector> {
  const directory = await mkdtemp(join(tmpdir(), 'hypermeter-otelcol-'));
  const file = join(directory, 'received.jsonl');
  const free = await aServer();
  await free.close();
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${free.port}` } } } },
    exporters: { file: { path: file, flush_interval: '50ms' } },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: { [signal]: { receivers: ['otlp'], exporters: ['file'] } },
    },
  };
  const collector = spawn(otelcol, ['--config', `yaml:${JSON.stringify(config)}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  collector.stderr.on('data', (chunk) => {
    told += chunk;
  });
  await vi.waitUntil(() => told.includes('Everything is ready') || collector.exitCode !== null, { timeout: 20_000 });
  expect(told).toContain('Everything is ready');
  return {
    url: free.url,
    lines: async () => {
      const text = await readFile(file, 'utf8').catch(() => '');
      // The last line may be half written.
      return text.split('\n').slice(0, -1);
    },
    stop: async () => {
      collector.kill();
      if (collector.exitCode === null) await once(collector, 'exit');
      await rm(directory, { recursive: true });
    },
  };
}

/** A span as the collector exports it. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Not there: it begins a trace. */
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly Attribute[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code?: number; readonly message?: string };
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface Exported {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string; readonly version?: string };
      readonly spans: readonly ReceivedSpan[];
    }[];
  }[];
}

/** All spans that a collector has received, and the resources that they are of. */
export async function receivedSpans(collector: OtelCollector) {
  const exported = (await collector.lines()).map((line) => JSON.parse(line) as Exported);
  const resources = exported.flatMap(({ resourceSpans }) => resourceSpans);
  const scopes = resources.flatMap(({ scopeSpans }) => scopeSpans);
  return {
    resources: resources.map(({ resource }) => plainAttributes(resource.attributes)),
    scopes: scopes.map(({ scope }) => scope),
    spans: scopes.flatMap(({ spans }) => spans),
  };
}

/** Attributes by key, their values as the collector says them. */
export const plainAttributes = (attributes: readonly Attribute[] = []) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
