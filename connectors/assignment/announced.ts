import type { RawConsumer } from '../../pipeline/kafka/raw-consumer.ts';
import type { RawProducer } from '../../pipeline/kafka/raw-producer.ts';
import { backoffMs } from '../../pipeline/runtime/backoff.ts';
import type { Clock } from '../../pipeline/runtime/clock.ts';
import type { Report } from '../../pipeline/runtime/events.ts';
import type { Announcement } from '../connector.ts';
import { pause } from '../in-time.ts';

/** The topic that collectors tell each other on what was announced to one of them: one partition, read from its end. */
export interface AnnouncedLog {
  readonly consumer: Pick<RawConsumer, 'pull'>;
  readonly producer: Pick<RawProducer, 'send'>;
  close(): Promise<void>;
}

export interface AnnouncingDeps {
  /** Makes sure of the topic, connects and goes to its end. Rejects with a KafkaError. */
  readonly open: () => Promise<AnnouncedLog>;
  /** Of this process alone. */
  readonly member: string;
  /** Given what others were told of. */
  readonly hear: (announcement: Announcement) => void;
  readonly clock: Clock;
  readonly report: Report;
}

export interface Announcing {
  /** Tells the others, once, if they can be told: a late announcement is worth nothing. */
  tell(announcement: Announcement): void;
  /** Safe to call twice. */
  stop(): Promise<void>;
}

const PULL_COUNT = 200;
/** What is about to stop may be gone soon. */
const IDLE_MS = 20;

/**
 * Passes on what was announced here, and gives out what was announced elsewhere. Begins at once; troubles are reported and
 * mended, and cost announcements only: whom they were for is polled at its due time.
 */
export function announceToOthers(deps: AnnouncingDeps): Announcing {
  const { open, member, hear, clock, report } = deps;
  const stopping = new AbortController();
  let log: AnnouncedLog | null = null;
  const troubled = (cause: unknown): void => {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    report({ event: 'kafka.trouble', client: 'announcements', error });
  };
  const listen = async (opened: AnnouncedLog): Promise<void> => {
    while (!stopping.signal.aborted) {
      const messages = await opened.consumer.pull(PULL_COUNT);
      for (const { value } of messages) {
        const heard = decodeAnnouncement(value);
        if (heard === null) troubled('a message that is no announcement is passed over');
        else if (heard.member !== member) hear(heard.announcement);
      }
      if (messages.length === 0) await pause(clock, IDLE_MS, stopping.signal);
    }
  };
  const keepListening = async (): Promise<void> => {
    for (let failures = 0; !stopping.signal.aborted; ) {
      try {
        log = await open();
        failures = 0;
        await listen(log);
      } catch (error) {
        troubled(error);
        await pause(clock, backoffMs(++failures, clock.random()), stopping.signal);
      } finally {
        const closing = log;
        log = null;
        await closing?.close();
      }
    }
  };
  const running = keepListening();
  return {
    tell: (announcement) => {
      const value = encodeAnnouncement(announcement, member);
      log?.producer.send([{ partition: 0, value }]).catch(troubled);
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

export const encodeAnnouncement = ({ uuid, host, what }: Announcement, member: string): Buffer =>
  Buffer.from(JSON.stringify({ member, uuid: uuid.toString('hex'), host, what }));

/** Null: not one of ours. */
export function decodeAnnouncement(
  value: Buffer,
): { readonly announcement: Announcement; readonly member: string } | null {
  let read: unknown;
  try {
    read = JSON.parse(value.toString());
  } catch {
    return null;
  }
  if (typeof read !== 'object' || read === null) return null;
  const { member, uuid, host, what } = read as Record<string, unknown>;
  if (typeof member !== 'string' || typeof uuid !== 'string' || !/^[0-9a-f]{32}$/.test(uuid)) return null;
  if (what !== 'started' && what !== 'stopping') return null;
  return {
    member,
    announcement: { uuid: Buffer.from(uuid, 'hex'), host: typeof host === 'string' ? host : null, what },
  };
}
