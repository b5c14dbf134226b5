import type { Announcement } from '../../../connectors/connector.ts';
import type { Delivery } from '../../../connectors/nova/client.ts';
import { Intake, type IntakeOptions } from '../../../connectors/nova/intake.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';

/** 2026-11-22 14:34:02, a moment after what `stamped` stamps. */
export const NOW = Date.parse('2026-11-22T14:34:02Z') * 1000;

export interface Handed extends Delivery {
  readonly fate: string[];
}

/** A message, and what became of it. */
function handed(body: Buffer): Handed {
  const fate: string[] = [];
  return {
    body,
    fate,
    ack: () => void fate.push('ack'),
    bury: () => void fate.push('bury'),
    giveBack: () => void fate.push('give back'),
  };
}

/** An intake, what it announced, and the outcomes that it reported. */
export function anIntake(over: Partial<IntakeOptions> = {}) {
  const events: InternalEvent[] = [];
  const announced: Announcement[] = [];
  const intake = new Intake({
    hypervisor: 'nova',
    kind: 'nova',
    cells: undefined,
    rows: [],
    report: (event) => void events.push(event),
    announce: (announcement) => void announced.push(announcement),
    ...over,
  });
  const outcomes = () => events.map((event) => ('outcome' in event ? event.outcome : event.event));
  const take = (body: Buffer, now = NOW): Handed => {
    const delivery = handed(body);
    intake.take(delivery, now);
    return delivery;
  };
  return { intake, take, announced, events, outcomes };
}
