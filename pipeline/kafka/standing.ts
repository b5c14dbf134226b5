import type { KafkaConsumer } from 'node-rdkafka';

/** What `debug` has to hold, so that librdkafka logs how a member joins its group. */
export const LOGS_JOINING = 'cgrp';

const CHANGED = /changed join state \S+ -> ([a-z-]+)/;

/** Where a member stands with its group. */
export interface Standing {
  /** In no group: it has not asked to join one yet, or has left. */
  isOutside(): boolean;
  /** On its way into a group or through a rebalance. */
  isJoining(): boolean;
}

/**
 * Follows a member by librdkafka's log, the only place that tells. What is asked is true as of the last turn of the event
 * loop.
 */
export function followStanding(client: KafkaConsumer): Standing {
  let state = 'init';
  client.on('event.log', ({ fac, message }: { readonly fac: string; readonly message: string }) => {
    if (fac === 'CGRPJOINSTATE') state = CHANGED.exec(message)?.[1] ?? state;
  });
  return { isOutside: () => state === 'init', isJoining: () => state !== 'init' && state !== 'steady' };
}
