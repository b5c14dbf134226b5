import { type Endpoint, EndpointError } from '../../connectors/connector.ts';
import { type Book, take } from '../inventory/book.ts';
import { listingOf } from '../inventory/listing.ts';
import type { Clock } from '../runtime/clock.ts';
import { redactUrls } from '../runtime/config/redact.ts';
import { pollEndpoint } from './poll-endpoint.ts';
import { type Terminal, writeLine } from './terminal.ts';

const AT_ONCE = 32;

/**
 * Polls every endpoint once into the book, some at a time; all as of one moment. One that fails is told of on standard
 * error. Resolves with how many failed.
 */
export async function lookDirectly(
  book: Book,
  endpoints: readonly Endpoint[],
  { timeoutMs, collector }: { readonly timeoutMs: number; readonly collector: string },
  clock: Clock,
  terminal: Terminal,
  onProgress: (done: number, total: number) => void,
): Promise<number> {
  const at = clock.now();
  const left = [...endpoints];
  let failed = 0;
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let endpoint = left.shift(); endpoint !== undefined; endpoint = left.shift()) {
      const { id: hypervisor, kind } = endpoint;
      try {
        await pollEndpoint(endpoint, { polls: 1, intervalMs: timeoutMs, timeoutMs }, clock, async (seen) => {
          const { bootedAt, partial, hosts, instances } = seen;
          const source = { kind, hypervisor, collector, generation: 0, bootedAt };
          const when = { sequence: 0, scheduledAt: at, startedAt: at, endedAt: at, interval: timeoutMs * 1000 };
          const poll = { ...when, instances: instances.length, slice: 0, slices: 1, partial };
          take(book, listingOf({ source, poll, hosts, instances }, at));
          if (partial !== null) await writeLine(terminal.stderr, `${hypervisor}: not complete: ${partial}`);
        });
      } catch (error) {
        if (!(error instanceof EndpointError)) throw error;
        failed++;
        await writeLine(terminal.stderr, redactUrls(error.message));
      }
      onProgress(++done, endpoints.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failed;
}
