import type { DeadOutcome, ReadOutcome, Report } from '../../pipeline/runtime/events.ts';
import type { Announcement } from '../connector.ts';
import type { Delivery } from './client.ts';
import type { Rows } from './config.ts';
import { decode } from './decode.ts';
import { announcedBy, type Event, eventOf, type InstanceEvent } from './event-types.ts';
import { Gathered, type Gathering } from './gathered.ts';
import { Recent } from './memory.ts';
import { Order } from './order.ts';
import { type Notification, readNotification } from './protocol.ts';
import { NotificationError } from './protocol-error.ts';
import type { InstanceTold } from './told.ts';

export interface IntakeOptions {
  readonly hypervisor: string;
  readonly kind: string;
  readonly cells: readonly string[] | undefined;
  readonly rows: readonly Rows[];
  readonly report: Report;
  readonly announce: (announcement: Announcement) => void;
}

/** News that is to be delivered before what brought it is acknowledged. */
interface News {
  /** More than one after a lost connection, which offers it again. */
  readonly deliveries: Delivery[];
  readonly attempt: number;
  state: 'waiting' | 'delivered' | 'failed';
}

/** What was gathered for a poll. */
export interface Batch extends Gathering {
  readonly notifications: number;
  /** To be called once, when the poll is settled. */
  settled(delivered: boolean): void;
}

/** Ids that are remembered: an hour of a large cloud; about 150 bytes each. */
const MOST_IDS = 100_000;
/** What is older has been polled since. */
const ANNOUNCED_WITHIN_US = 60_000_000;

/** How often news is offered to Kafka that is refused there. */
const MOST_ATTEMPTS = 2;

/** What becomes of each notification: news for the next poll, or acknowledged at once, or buried. Knows no clock. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #order = new Order();
  readonly #ids = new Recent<string, News>(MOST_IDS);
  readonly #gathered = new Gathered();
  #waiting: News[] = [];

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Notifications that wait for the next poll. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes a message; `now` in microseconds. Never throws: whatever cannot be read is buried. */
  take(delivery: Delivery, now: number): void {
    const { hypervisor, kind, report } = this.#options;
    try {
      const outcome = this.#takeIn(readNotification(delivery.body), delivery, now);
      report({ event: 'notification.read', hypervisor, kind, outcome });
    } catch (error) {
      this.#bury(error instanceof NotificationError ? error.reason : 'malformed', error as Error, [delivery]);
    }
  }

  /** What was gathered, for the next poll. */
  gather(): Batch {
    const waiting = this.#waiting;
    this.#waiting = [];
    return {
      ...this.#gathered.take(),
      notifications: waiting.length,
      settled: (delivered) => {
        for (const news of waiting) this.#settle(news, delivered);
      },
    };
  }

  #takeIn(notification: Notification, delivery: Delivery, now: number): ReadOutcome {
    const { id, eventType } = notification;
    const known = id === null ? undefined : this.#ids.get(id);
    if (known !== undefined && known.state !== 'failed') {
      // What repeats news that is on its way shares its fate.
      if (known.state === 'waiting') known.deliveries.push(delivery);
      else delivery.ack();
      return 'duplicate';
    }
    const outcome = this.#apply(notification, eventOf(eventType), now);
    const isApplied = outcome === 'applied';
    const attempt = (known?.attempt ?? 0) + 1;
    const news: News = { deliveries: isApplied ? [delivery] : [], attempt, state: isApplied ? 'waiting' : 'delivered' };
    if (id !== null) this.#ids.set(id, news);
    if (isApplied) this.#waiting.push(news);
    else delivery.ack();
    return outcome;
  }

  #apply(notification: Notification, event: Event, now: number): ReadOutcome {
    const { rows } = this.#options;
    const told = decode(notification, event);
    if (told.of === 'instance' && event.of === 'instance')
      return this.#applyInstance(told, event, Math.min(notification.at, now), now);
    if (told.of === 'volume' && rows.includes('volumes')) {
      this.#gathered.addVolume(told.use, this.#order.deletedAt(told.use.uuid));
      return 'applied';
    }
    if (told.of === 'host' && rows.includes('hosts')) {
      this.#gathered.addHost(told.host);
      return 'applied';
    }
    return 'ignored';
  }

  #applyInstance(told: InstanceTold, event: InstanceEvent, at: number, now: number): ReadOutcome {
    const { cells, rows, announce } = this.#options;
    if (cells !== undefined && told.cell !== null && !cells.includes(told.cell)) return 'other_cell';
    const wanted = rows.includes('bandwidth') ? told : { ...told, bandwidth: [] };
    if (!this.#order.isNews(told, event, at)) {
      if (wanted.bandwidth.length === 0) return 'stale';
      // Amounts are of their own period, however late they come.
      this.#gathered.addBandwidth({ ...wanted, deletedAt: this.#order.deletedAt(told.uuid) });
      return 'applied';
    }
    this.#gathered.addInstance(wanted);
    const what = announcedBy(event);
    if (what !== null && now - at <= ANNOUNCED_WITHIN_US) announce({ uuid: told.uuid, host: told.identity.host, what });
    return 'applied';
  }

  #settle(news: News, delivered: boolean): void {
    news.state = delivered ? 'delivered' : 'failed';
    const deliveries = news.deliveries.splice(0);
    if (delivered) for (const delivery of deliveries) delivery.ack();
    else if (news.attempt < MOST_ATTEMPTS) for (const delivery of deliveries) delivery.giveBack();
    else this.#bury('undelivered', new Error('Kafka did not take what it tells'), deliveries);
  }

  #bury(outcome: DeadOutcome, error: Error, deliveries: readonly Delivery[]): void {
    const { hypervisor, kind, report } = this.#options;
    for (const delivery of deliveries) delivery.bury();
    report({ event: 'notification.dead', hypervisor, kind, outcome, error });
  }
}
