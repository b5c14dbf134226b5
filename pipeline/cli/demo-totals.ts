import type { InternalEvent } from '../runtime/events.ts';

/** What the demo has done so far. */
export interface Totals {
  count(event: InternalEvent): void;
  /** One line: polls, what they cost, what came of them. */
  line(): string;
}

const number = (value: number): string => value.toLocaleString('en');

export function createTotals(): Totals {
  const sums = { polls: 0, failed: 0, calls: 0, messages: 0, readings: 0, dropped: 0, windows: 0, samples: 0 };
  return {
    count: (event) => {
      switch (event.event) {
        case 'poll.done':
          sums.polls++;
          sums.calls += event.calls;
          return;
        case 'poll.failed':
        case 'endpoint.lost':
          sums.failed++;
          return;
        case 'message.read':
          sums.messages++;
          sums.readings += event.readings;
          return;
        case 'reading.dropped':
          sums.dropped += event.count;
          return;
        case 'windows.emitted':
          sums.windows += event.windows;
          sums.samples += event.samples;
          return;
        default:
      }
    },
    line: () =>
      [
        `polls ${number(sums.polls)} (${number(sums.calls)} calls, ${number(sums.failed)} failed)`,
        `messages ${number(sums.messages)}`,
        `readings ${number(sums.readings)}`,
        `duplicate or late ${number(sums.dropped)}`,
        `samples ${number(sums.samples)}`,
      ].join(' · '),
  };
}
