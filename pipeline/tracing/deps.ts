import type { Clock } from '../runtime/clock.ts';
import type { Report } from '../runtime/events.ts';

/** What tracing is given besides its configuration. */
export interface TracingDeps {
  readonly version: string;
  /** `service.id` */
  readonly instance: string;
  readonly clock: Clock;
  readonly report: Report;
}
