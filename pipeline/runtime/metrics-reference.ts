import { levelOf } from './event-lines.ts';
import { EVENT_NAMES } from './event-metrics.ts';
import type { Metrics } from './metrics.ts';

interface Described {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
}

const INTRODUCTION = `# Metrics

<!-- Printed from pipeline/runtime/metrics.ts and event-lines.ts; a test compares. -->

Served as Prometheus text at \`/metrics\` of \`ops.listen\`, along with prom-client's default \`process_*\` and
\`nodejs_*\`. No metric has an instance as a label.`;

/** docs/metrics.md: every metric with its labels, and which internal events are logged. */
export async function metricsReference(metrics: Metrics): Promise<string> {
  const described = (await metrics.registry.getMetricsAsJSON()) as readonly Described[];
  const own = described.filter(({ name }) => name.startsWith('hypermeter_'));
  const rows = own.map(({ name, help }) => {
    // prom-client keeps the label names on the metric, not in its JSON.
    const metric = metrics.registry.getSingleMetric(name) as unknown as Described;
    const kind = metric.constructor.name.toLowerCase();
    const labels = (metric.labelNames ?? []).filter((label) => label !== 'le').map((label) => `\`${label}\``);
    return `| \`${name}\` | ${kind} | ${labels.join(', ')} | ${help} |`;
  });
  const events = EVENT_NAMES.map((name) => `| \`${name}\` | ${levelOf(name) ?? 'not logged'} |`);
  return [
    INTRODUCTION,
    ['| Metric | Type | Labels | Meaning |', '|---|---|---|---|', ...rows].join('\n'),
    '## Events\n\nEvery event below is counted by the metrics above. A logged one that repeats is told once a minute.',
    `${['| Event | Log level |', '|---|---|', ...events].join('\n')}\n`,
  ].join('\n\n');
}
