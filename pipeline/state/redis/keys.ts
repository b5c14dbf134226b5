/** The names of one partition's keys; what they hold is told with the scripts. */
export interface PartitionKeys {
  readonly fence: string;
  readonly meta: string;
  readonly state: string;
  readonly outbox: string;
  readonly staged: string;
}

/** The braces make a cluster keep them together, whatever the words in them. */
export function keysOf(prefix: string, topic: string, group: string, partition: number): PartitionKeys {
  const tag = `{${prefix}:${topic}:${group}:${partition}}`;
  const of = (what: string): string => `${tag}:${what}`;
  return { fence: of('fence'), meta: of('meta'), state: of('state'), outbox: of('outbox'), staged: of('staged') };
}
