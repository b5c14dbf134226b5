/** One published sample: its line as it came first, and how often it came again, the same or not. */
export interface PublishedLine {
  readonly line: string;
  copies: number;
  unequal: number;
}

/** What was published, by message id. */
export interface Published {
  readonly byId: Map<string, PublishedLine>;
  lines: number;
  /** Lines that are no samples: `file:line: why`. */
  readonly broken: string[];
}

export const createPublished = (): Published => ({ byId: new Map(), lines: 0, broken: [] });

/** Of many broken lines so many are named. */
const MOST_NAMED = 20;

/** Takes one line of what a file sink or `listen` wrote; `place` names it. */
export function takeLine(published: Published, line: string, place: string): void {
  if (line.trim() === '') return;
  published.lines++;
  const id = idOf(line);
  if (id === null) {
    if (published.broken.length < MOST_NAMED) published.broken.push(`${place}: no JSON object with a message_id`);
    return;
  }
  const known = published.byId.get(id);
  if (!known) {
    published.byId.set(id, { line, copies: 1, unequal: 0 });
    return;
  }
  known.copies++;
  if (known.line !== line) known.unequal++;
}

function idOf(line: string): string | null {
  try {
    const { message_id: id }: { readonly message_id?: unknown } = JSON.parse(line);
    return typeof id === 'string' ? id : null;
  } catch {
    return null;
  }
}

/** The digits of a sample's volume, which a parsed number may have lost; null if it has none. */
export const volumeOf = (line: string): string | null =>
  /"counter_volume"\s*:\s*(-?[0-9][0-9.eE+-]*)/.exec(line)?.[1] ?? null;

/** The fields in which a published line differs from the expected one; those that it does not have are not asked. */
export function differences(expected: string, published: string): readonly string[] {
  if (expected === published) return [];
  const [ours, theirs] = [JSON.parse(expected), JSON.parse(published)] as Record<string, unknown>[];
  const fields = Object.keys(ours ?? {}).filter((field) => theirs && Object.hasOwn(theirs, field));
  const differing = fields.filter((field) => JSON.stringify(ours?.[field]) !== JSON.stringify(theirs?.[field]));
  const isSameVolume = volumeOf(expected) === volumeOf(published);
  return isSameVolume || differing.includes('counter_volume') ? differing : ['counter_volume', ...differing];
}
