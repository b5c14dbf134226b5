import { z } from 'zod';
import { STATES } from '../../avro/snapshot.ts';
import { type Book, type Entry, NOT_ALIVE, sourceOf } from './book.ts';
import type { Facts } from './facts.ts';
import { VERSION } from './view.ts';

const text = z.string().nullable();
/** ISO 8601 with up to six digits of a second, to microseconds. */
const time = z.string().transform((value, context) => {
  const ms = Date.parse(value);
  if (!Number.isNaN(ms)) return ms * 1000 + Number(/\.\d{3}(\d{3})Z$/.exec(value)?.[1] ?? 0);
  context.addIssue({ code: 'custom', message: 'no time' });
  return z.NEVER;
});

/** What is read back of what `view.ts` writes; the rest follows from it. */
const kept = z.object({
  version: z.literal(VERSION),
  kind: z.enum(['instance', 'host']),
  uuid: z.guid(),
  name: text,
  instance_name: text,
  project_id: text,
  project_name: text,
  user_id: text,
  user_name: text,
  flavor: z
    .object({
      id: text,
      name: text,
      vcpus: z.number().nullable(),
      memory: z.number().nullable(),
      disk: z.number().nullable(),
    })
    .nullable(),
  image: z.object({ id: text, name: text }).nullable(),
  host: text,
  availability_zone: text,
  os_type: text,
  architecture: text,
  created_at: time.nullable(),
  launched_at: time.nullable(),
  first_seen_at: time,
  deleted_at: time.nullable(),
  sources: z.array(
    z.object({
      kind: z.string(),
      hypervisor: z.string(),
      collector: z.string(),
      standing: z.enum(['sees', 'silent', 'gone', 'tells']),
      state: z.enum(STATES),
      first_seen_at: time,
      last_seen_at: time,
    }),
  ),
});
type Kept = z.output<typeof kept>;

/**
 * Puts an entry that was written before into the book, as `slice` of its sources' polls. What was merged for it stands
 * for what each source said, until they say it again. Null for a value of another layout, or none of ours.
 */
export function restore(book: Book, value: Buffer, slice: number): Entry | null {
  const read = kept.safeParse(parsed(value));
  if (!read.success) return null;
  const { uuid, kind, first_seen_at: firstSeenAt, sources, deleted_at: deletedAt } = read.data;
  const key = uuid.replaceAll('-', '').toLowerCase();
  const facts = factsOf(read.data);
  const entry: Entry = { key, isHost: kind === 'host', firstSeenAt, revision: 0, sightings: new Map() };
  for (const told of sources) {
    const source = sourceOf(book, told);
    if (source.collector === '') source.collector = told.collector;
    const isAlive = told.standing !== 'gone' && !NOT_ALIVE.has(told.state);
    entry.sightings.set(source.id, {
      source,
      slice,
      firstAt: told.first_seen_at,
      aliveSince: isAlive ? told.first_seen_at : null,
      lastAt: told.last_seen_at,
      state: told.state,
      deletedAt: source.announces || told.standing === 'gone' ? deletedAt : null,
      denied: told.standing === 'gone',
      facts,
    });
  }
  book.entries.set(key, entry);
  return entry;
}

function parsed(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    return undefined;
  }
}

const factsOf = (told: Kept): Facts => ({
  name: told.name,
  instanceName: told.instance_name,
  projectId: told.project_id,
  projectName: told.project_name,
  userId: told.user_id,
  userName: told.user_name,
  host: told.host,
  zone: told.availability_zone,
  imageId: told.image?.id ?? null,
  imageName: told.image?.name ?? null,
  osType: told.os_type,
  architecture: told.architecture,
  createdAt: told.created_at,
  launchedAt: told.launched_at,
  flavorId: told.flavor?.id ?? null,
  flavorName: told.flavor?.name ?? null,
  vcpus: told.flavor?.vcpus ?? null,
  memory: told.flavor?.memory ?? null,
  disk: told.flavor?.disk ?? null,
});
