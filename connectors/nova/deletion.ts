import type { InstanceEvent } from './event-types.ts';
import { type Fields, textIn, timeIn } from './fields.ts';

/**
 * When the instance was deleted, by a payload of either kind; null: it was not. The end of a deletion is told also of
 * one that failed (nova/compute/utils.py, notify_about_instance_delete), and a soft-deleted instance has a time of
 * deletion although it can still be restored: neither proves it alone.
 */
export function deletionIn(payload: Fields, { action, phase }: InstanceEvent, at: number): number | null {
  const deletedAt = timeIn(payload, 'deleted_at');
  if (textIn(payload, 'state') === 'deleted') return deletedAt ?? timeIn(payload, 'terminated_at') ?? at;
  return action === 'delete' && phase === 'end' ? deletedAt : null;
}
