export interface InstanceEvent {
  readonly of: 'instance';
  /** `resize_confirm` */
  readonly action: string;
  readonly phase: 'start' | 'end' | 'error' | null;
}

/** What a notification is about. */
export type Event = InstanceEvent | { readonly of: 'host' } | { readonly of: 'volume' } | { readonly of: 'other' };

const OTHER: Event = { of: 'other' };

/**
 * `compute.instance.resize.confirm.end` (legacy) and `instance.resize_confirm.end` (versioned) both are the end of
 * `resize_confirm`. Source: nova/rpc.py (allowed_legacy_notification_event_types), nova/objects/fields.py
 * (NotificationAction).
 */
export function eventOf(eventType: string): Event {
  if (eventType === 'compute.metrics.update' || eventType === 'metrics.update') return { of: 'host' };
  if (eventType === 'volume.usage') return { of: 'volume' };
  const [, name] = /^(?:compute\.)?instance\.(.+)$/.exec(eventType) ?? [];
  if (name === undefined) return OTHER;
  const [, rest = name, phase] = /^(.+)\.(start|end|error)$/.exec(name) ?? [];
  const action = rest.replace(/[._]+/g, '_');
  return {
    of: 'instance',
    action: action === 'finish_resize' ? 'resize_finish' : action,
    phase: (phase as InstanceEvent['phase'] | undefined) ?? null,
  };
}

/** Their beginning is the last chance to read the counters that end with them. */
const STOPPING: ReadonlySet<string> = new Set([
  'power_off',
  'delete',
  'soft_delete',
  'shutdown',
  'reboot',
  'resize',
  'resize_revert',
  'rebuild',
  'shelve',
  'shelve_offload',
  'suspend',
  'live_migration_pre',
  'rescue',
  'unrescue',
]);

/** After them there are counters that were not there before. */
const STARTED: ReadonlySet<string> = new Set([
  'create',
  'power_on',
  'reboot',
  'resize_finish',
  'resize_revert',
  'rebuild',
  'unshelve',
  'resume',
  'restore',
  'live_migration_post_dest',
  'rescue',
  'unrescue',
]);

/** What whoever polls the instance had better know at once; null: nothing. */
export function announcedBy(event: Event): 'started' | 'stopping' | null {
  if (event.of !== 'instance') return null;
  if (event.phase === 'start' && STOPPING.has(event.action)) return 'stopping';
  return event.phase === 'end' && STARTED.has(event.action) ? 'started' : null;
}
