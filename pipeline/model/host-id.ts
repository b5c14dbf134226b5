import { hash } from 'node:crypto';

/** A fleet has fewer pairs of project and host than instances, yet they come and go: as many are remembered. */
const MOST = 10_000;
const known = new Map<string, string>();

/**
 * The `hostId` that nova shows to a project instead of its host's name: SHA-224 of the project's id and the host's name,
 * 56 hex digits.
 */
export function hostId(projectId: string, host: string): string {
  const name = projectId + host;
  const before = known.get(name);
  if (before !== undefined) return before;
  if (known.size >= MOST) known.clear();
  const id = hash('sha224', name, 'hex');
  known.set(name, id);
  return id;
}
