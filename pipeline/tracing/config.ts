import { z } from 'zod';
import { endpointFields } from '../sinks/push/endpoint.ts';

/** The section `tracing:`; without it nothing is traced, unless an SDK of OpenTelemetry is registered. */
export const tracingConfig = z
  .strictObject({
    type: z.literal('otlp').default('otlp').describe('OpenTelemetry over HTTP, in Protocol Buffers.'),
    ...endpointFields,
    ratio: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe('Share of the polls that are traced, with what comes of them; 0.01 is one in a hundred.'),
    queue: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(4096)
      .describe('Spans that may wait to be sent; further ones are dropped and counted.'),
  })
  .optional()
  .describe('Spans of polls, windows and deliveries (docs/operations.md).');
export type TracingConfig = NonNullable<z.output<typeof tracingConfig>>;
