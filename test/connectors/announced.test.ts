import { expect, test } from 'vitest';
import {
  type AnnouncedLog,
  announceToOthers,
  decodeAnnouncement,
  encodeAnnouncement,
} from '../../connectors/assignment/announced.ts';
import type { Announcement } from '../../connectors/connector.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { handClock } from './hand-clock.ts';

const UUID = Buffer.from('5c1d0a4e00004000800000000b0001aa', 'hex');
const stopping = { uuid: UUID, host: 'kvm1', what: 'stopping' } as const;

test('an announcement comes back as it was told', () => {
  for (const announcement of [stopping, { uuid: UUID, host: null, what: 'started' } as const])
    expect(decodeAnnouncement(encodeAnnouncement(announcement, 'me'))).toEqual({ announcement, member: 'me' });
});

test.each(['', 'nonsense', 'null', '[]', '{"member":"m","uuid":"5c","what":"stopping"}', '{"member":"m"}'])(
  '%j is none',
  (text) => {
    expect(decodeAnnouncement(Buffer.from(text))).toBeNull();
  },
);

test('it goes on when the topic cannot be reached at first, and hears what others told, not itself', async () => {
  const clock = handClock();
  const events: InternalEvent[] = [];
  const heard: Announcement[] = [];
  const topic: Buffer[] = [];
  let opened = 0;
  let next = 0;
  const open = async (): Promise<AnnouncedLog> => {
    if (opened++ === 0) throw new Error('no broker answers');
    return {
      consumer: {
        pull: async () => {
          const messages = topic.slice(next).map((value) => ({ partition: 0, offset: next++, timestampUs: 0, value }));
          return messages;
        },
      },
      producer: { send: async (messages) => void topic.push(...messages.map(({ value }) => value)) },
      close: async () => undefined,
    };
  };
  const report = (event: InternalEvent): void => void events.push(event);
  const hear = (announcement: Announcement): void => void heard.push(announcement);
  const announcing = announceToOthers({ open, member: 'me', hear, clock, report });
  announcing.tell(stopping);
  await clock.advance(5000);
  expect(events).toMatchObject([{ event: 'kafka.trouble', client: 'announcements' }]);
  // What was told before there was a topic is not made up for.
  expect(topic).toEqual([]);
  announcing.tell(stopping);
  topic.push(Buffer.from('nonsense'), encodeAnnouncement({ ...stopping, what: 'started' }, 'another'));
  await clock.advance(100);
  expect(heard).toEqual([{ ...stopping, what: 'started' }]);
  expect(topic).toHaveLength(3);
  const over = announcing.stop();
  await clock.advance(100);
  await over;
});
