import type { Sample } from '../../../pipeline/model/sample.ts';
import { type Sink, SinkError } from '../../../pipeline/sinks/sink.ts';
import { aSample } from './a-sample.ts';

/** A batch of one sample that is known by its name. */
export const batch = (name: string): readonly Sample[] => [aSample({ name })];

export const unavailable = (sink: string) => new SinkError(sink, 'gone: start it');
export const closedPipe = (sink: string) => new SinkError(sink, 'its reader is gone', undefined, 'pipe_closed');

/** A destination that does with each batch what `receive` does, and notes what it has. */
export function destination(name: string, receive: (attempt: number) => Promise<void> | void = () => {}) {
  const has: string[] = [];
  let attempts = 0;
  const sink: Sink = {
    name,
    async publish([sample]) {
      await receive(++attempts);
      has.push(sample?.name ?? '');
    },
    close: async () => {
      has.push('closed');
    },
  };
  return { sink, has, attempts: () => attempts };
}
