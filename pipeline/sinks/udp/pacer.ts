import type { Clock } from '../../runtime/clock.ts';

/** What a receiver with Linux's default 208 KiB buffer survives: it holds some 90 datagrams of up to 1432 bytes. */
const MAX_SAVED = 64;
/** What an Ethernet frame carries of a datagram over IPv6 with a tunnel's header to spare; more is several frames. */
export const FRAME_BYTES = 1432;
/** A timer may be that late without the pace suffering. */
const SAVED_MS = 4;
/** One send is half of what can be saved up, so that the rest is left to catch up with. */
const BURST_MS = 2;
const MAX_BURST = 16;

/** Hands out leave to send, at most `perSecond` datagrams on average and 64 at once, or fewer larger ones. */
export interface Pacer {
  /** The most to take at a time. */
  readonly burst: number;
  /** Resolves when `count` (at most `burst`) may go; rejects with the signal's reason when it aborts. */
  take(count: number, signal: AbortSignal): Promise<void>;
}

/**
 * A bucket of tokens that fills with time: UDP has no back-pressure, and a receiver that is overrun drops without a
 * word, so the sender must not run faster than it was told to. `datagramBytes` is what most of them have.
 */
export function createPacer(perSecond: number, clock: Clock, datagramBytes = FRAME_BYTES): Pacer {
  const frames = Math.max(1, datagramBytes / FRAME_BYTES);
  const burst = within(1, Math.min((perSecond * BURST_MS) / 1000, MAX_BURST / frames), MAX_BURST);
  const saved = within(burst, Math.min((perSecond * SAVED_MS) / 1000, MAX_SAVED / frames), MAX_SAVED);
  let tokens = saved;
  let filledAtUs = clock.monotonic();
  const fill = () => {
    const nowUs = clock.monotonic();
    tokens = Math.min(saved, tokens + ((nowUs - filledAtUs) * perSecond) / 1_000_000);
    filledAtUs = nowUs;
  };
  return {
    burst,
    async take(count, signal) {
      fill();
      while (tokens < count) {
        await clock.sleep(Math.max(1, Math.ceil(((count - tokens) * 1000) / perSecond)), signal);
        fill();
      }
      tokens -= count;
    },
  };
}

const within = (least: number, value: number, most: number): number =>
  Math.min(most, Math.max(least, Math.floor(value)));
