import type { Tracing } from '../runtime/tracing.ts';
import type { DecodedMessage, Windowed } from './pull.ts';

/** The span of a pull, or of a part of one that closes very many windows; it is none if no windows closed. */
export interface WindowSpan {
  /** The message made windows close. */
  causedBy(message: DecodedMessage): void;
  /** Its `traceparent`, if windows closed and it is traced. */
  end(closed: Windowed['closed'], windows: number): string | undefined;
}

export function beginWindowSpan(tracing: Tracing): WindowSpan {
  const sinceUs = tracing.now();
  const causes: string[] = [];
  let messages = 0;
  let last: DecodedMessage | undefined;
  return {
    causedBy(message) {
      // In several steps.
      if (message === last) return;
      last = message;
      messages++;
      if (message.traces !== undefined) causes.push(...message.traces);
    },
    end(closed, windows) {
      if (closed.length === 0) return undefined;
      const partitions = new Set(closed.map(({ owned }) => owned)).size;
      const attributes = { messages, partitions, windows };
      const span = tracing.begin({ name: 'window', role: 'consumer', sinceUs, causes, attributes });
      span?.end({});
      return span?.traceparent;
    },
  };
}
