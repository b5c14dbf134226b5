import type { Clock } from '../runtime/clock.ts';
import { shownUrl } from '../sinks/push/endpoint.ts';
import { checkReceiver } from '../tracing/otlp.ts';
import type { Check } from './checks.ts';
import type { Settings } from './composition.ts';
import { packageVersion } from './manifest.ts';

/** Whether the receiver of spans, if the configuration names one, takes them. */
export function tracingChecks({ tracing, service }: Settings, clock: Clock): readonly Check[] {
  if (tracing === undefined) return [];
  return [
    {
      what: 'tracing',
      name: shownUrl(tracing.url),
      run: async (signal) => {
        await checkReceiver(tracing, { version: packageVersion(), instance: service.id, clock }, signal);
        return { found: 'takes spans', warnings: [] };
      },
    },
  ];
}
