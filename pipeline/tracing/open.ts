import type { Part } from '../runtime/lifecycle.ts';
import type { OpenTracing } from '../runtime/tracing.ts';
import type { TracingConfig } from './config.ts';
import type { TracingDeps } from './deps.ts';
import { otlpTracing } from './otlp.ts';
import { registeredTracing } from './registered.ts';

/** As the configuration says; if it says nothing, by the SDK that the user has registered; undefined: nobody wants to know. */
export const openTracing = (config: TracingConfig | undefined, deps: TracingDeps): OpenTracing | undefined =>
  config === undefined ? registeredTracing(deps) : otlpTracing(config, deps);

/** Sends the last spans when everything else has stopped: it comes before all other parts. */
export const tracingPart = (open: OpenTracing | undefined): readonly Part[] =>
  open === undefined ? [] : [{ name: 'tracing', stop: (signal) => open.close(signal) }];
