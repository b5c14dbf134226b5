import { z } from 'zod';
import type { Sample } from '../../model/sample.ts';
import { orAborted } from '../../runtime/deadline.ts';
import { leavingOut } from '../dead-samples.ts';
import { jsonLine } from '../json-line.ts';
import { type Sink, type SinkContext, SinkError, type SinkKind } from '../sink.ts';
import { subscriptionFields } from '../subscription.ts';
import { screen } from '../validate.ts';
import { tableHead, tableRow } from './table.ts';

const stdoutConfig = z.strictObject({
  type: z.literal('stdout'),
  ...subscriptionFields,
  format: z.enum(['json', 'table']).default('json').describe('json: one object a line; table: columns to look at'),
});
export type StdoutConfig = z.infer<typeof stdoutConfig>;

/** Samples on standard output. */
export const stdout = {
  kind: 'stdout',
  schema: stdoutConfig,
  create: (config, context) => createStdoutSink(config, context, process.stdout),
} satisfies SinkKind<StdoutConfig>;

/** The end of the pipe is gone: EPIPE, or what Node says of a stream that had it. */
const CLOSED = ['EPIPE', 'EOF', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'];

/**
 * The sink, with the stream to write to. `publish` resolves when the stream has handed the batch on, so a slow reader
 * holds the pipeline back. A reader that went away is a SinkError with code `pipe_closed`, for this and all later
 * batches.
 */
export function createStdoutSink(
  config: Pick<StdoutConfig, 'name' | 'format'>,
  context: SinkContext,
  stream: NodeJS.WritableStream,
): Sink {
  const name = config.name ?? 'stdout';
  const leaveOut = leavingOut(name, context);
  const write = writerTo(stream);
  let headed = config.format === 'json';

  return {
    name,
    async publish(batch, signal) {
      signal.throwIfAborted();
      const good = await screen(batch, leaveOut);
      if (good.length === 0) return;
      const text = lines(good, config.format);
      const written = write(headed ? text : `${tableHead()}\n${text}`);
      headed = true;
      await orAborted(written, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        throw failure(name, error);
      });
    },
    // Standard output belongs to the process: others may still write to it.
    close: async () => {},
  };
}

const lines = (batch: readonly Sample[], format: StdoutConfig['format']): string =>
  batch.map((sample) => `${format === 'json' ? jsonLine(sample) : tableRow(sample)}\n`).join('');

/** Writes resolve when the stream has passed the text on, and reject from the stream's first error on. */
function writerTo(stream: NodeJS.WritableStream): (text: string) => Promise<void> {
  let broken: Error | undefined;
  // The callback of a write gets the error as well, but unheard here it would end the process.
  stream.on('error', (error) => {
    broken ??= error;
  });
  return (text) =>
    new Promise((resolve, reject) => {
      if (broken) reject(broken);
      else stream.write(text, (error) => (error ? reject(error) : resolve()));
    });
}

function failure(name: string, error: unknown): SinkError {
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException;
  if (CLOSED.includes(code)) return new SinkError(name, 'its reader is gone', error, 'pipe_closed');
  return new SinkError(name, `cannot write: ${message}`, error);
}
