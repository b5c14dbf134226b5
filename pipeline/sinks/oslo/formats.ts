/**
 * What Ceilometer sends samples as. `polling`: from its polling agents to its notification agents, which listen to
 * every `notifications.sample`. `metering`: what its `notifier://` publisher sends to third parties and once sent to
 * collectors. `exists`: nova's own audits, made of what was measured (`exists.ts`). Source:
 * ceilometer/polling/manager.py, publisher/messaging.py.
 */
export const OSLO_FORMATS = ['polling', 'metering', 'exists'] as const;
export type OsloFormat = (typeof OSLO_FORMATS)[number];

export interface Format {
  readonly eventType: string;
  /** Priority as it stands in the message; in lower case it ends the routing key. */
  readonly priority: string;
  readonly topic: string;
  /** What names the sender, made of `service.id`. */
  publisherId(serviceId: string): string;
  /** What comes before and after the samples in the payload, escaped as they are. */
  readonly payload: readonly [string, string];
}

export const FORMATS: Readonly<Record<OsloFormat, Format>> = {
  polling: {
    eventType: 'telemetry.polling',
    priority: 'SAMPLE',
    topic: 'notifications',
    publisherId: () => 'ceilometer.polling',
    payload: ['{\\"samples\\": [', ']}'],
  },
  metering: {
    eventType: 'metering',
    priority: 'SAMPLE',
    topic: 'metering',
    publisherId: (serviceId) => `telemetry.publisher.${serviceId}`,
    payload: ['[', ']'],
  },
  exists: {
    eventType: 'compute.instance.exists',
    priority: 'INFO',
    topic: 'notifications',
    publisherId: () => 'compute.unknown',
    payload: ['', ''],
  },
};

/** Routing key and queue over AMQP, topic over Kafka: `notifications.sample`. */
export const addressOf = ({ priority }: Format, topic: string): string => `${topic}.${priority.toLowerCase()}`;
