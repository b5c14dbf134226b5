import type { Element } from './element.ts';
import type { Inventory } from './inventory.ts';
import { type Content, contentOf, missingXml, objXml, type Withhold } from './property-content.ts';
import { type Find, select } from './property-filter.ts';
import { escapeXml, type Ref } from './value.ts';

/** One PropertyFilter with what its client is known to have. */
export interface Filter {
  readonly ref: Ref;
  readonly spec: Element;
  known: Map<string, Known>;
}

interface Known {
  readonly of: Ref;
  readonly revision: number | null;
  readonly content: Content;
}

interface Update {
  readonly filter: Filter;
  readonly key: string;
  /** Null: it left. */
  readonly next: Known | null;
  readonly xml: string;
}

export interface CollectorContext {
  readonly inventory: Inventory;
  readonly find: Find;
  readonly withhold: Withhold;
  /** True: what changed is told by `enter` with all of its properties, as vcsim does after a clone. */
  readonly entersAgain: boolean;
  readonly xsi: string;
}

/** Thrown where the client names a version that this collector did not give, or that is spent. */
export class StaleVersion extends Error {}

/**
 * A PropertyCollector's filters and versions. The client's knowledge moves when it comes back with the version of the
 * last answer; with the version before that it gets the same changes again, unless that one was of a truncated answer.
 */
export class UpdateCollector {
  readonly filters = new Map<string, Filter>();
  #version = 0;
  /** The version that the client had when it got the last answer; null: none that may come again. */
  #before: number | null = null;
  #truncated = false;
  #sent: readonly Update[] = [];

  add(ref: Ref, spec: Element): Filter {
    const filter = { ref, spec, known: new Map<string, Known>() };
    this.filters.set(ref.value, filter);
    return filter;
  }

  /** An UpdateSet as XML; null: nothing changed since the version. Throws StaleVersion. */
  changes(version: string, max: number, context: CollectorContext): string | null {
    const mayComeAgain = this.#acknowledge(version);
    const updates: Update[] = [];
    let truncated = false;
    for (const filter of this.filters.values()) {
      for (const update of updatesOf(filter, context)) {
        truncated = updates.length >= max;
        if (truncated) break;
        updates.push(update);
      }
      if (truncated) break;
    }
    if (updates.length === 0) return null;
    this.#before = mayComeAgain ? Number(version) : null;
    this.#version++;
    this.#truncated = truncated;
    this.#sent = updates;
    return updateSetXml(String(this.#version), updates, truncated);
  }

  /** Takes note of what the client knows; false: it must not come with this version again. */
  #acknowledge(version: string): boolean {
    const sent = this.#sent;
    this.#sent = [];
    if (version === '') {
      for (const filter of this.filters.values()) filter.known = new Map();
      return false;
    }
    if (this.#before !== null && version === String(this.#before)) return true;
    if (version !== String(this.#version) || this.#version === 0) throw new StaleVersion();
    for (const { filter, key, next } of sent) {
      if (next === null) filter.known.delete(key);
      else filter.known.set(key, next);
    }
    this.#before = null;
    return !this.#truncated;
  }
}

function* updatesOf(filter: Filter, context: CollectorContext): Generator<Update> {
  const { inventory, find, withhold, entersAgain, xsi } = context;
  const gone = new Set(filter.known.keys());
  for (const chosen of select(filter.spec, find)) {
    const of = chosen.object.ref;
    const key = `${of.type}:${of.value}`;
    gone.delete(key);
    const known = filter.known.get(key);
    const revision = inventory.revision(of);
    if (known !== undefined && revision !== null && known.revision === revision) continue;
    const content = contentOf(chosen, withhold, xsi);
    const xml = changeXml(of, known?.content, content, xsi);
    if (xml === null) continue;
    const again = entersAgain ? changeXml(of, undefined, content, xsi) : null;
    yield { filter, key, next: { of, revision, content }, xml: again ?? xml };
  }
  for (const key of gone) {
    const of = filter.known.get(key)?.of;
    if (of) yield { filter, key, next: null, xml: `<objectSet><kind>leave</kind>${objXml(of)}</objectSet>` };
  }
}

/** An ObjectUpdate; null: no property changed. */
function changeXml(of: Ref, before: Content | undefined, after: Content, xsi: string): string | null {
  let changes = '';
  for (const [path, val] of after.values)
    if (before?.values.get(path) !== val)
      changes += `<changeSet><name>${escapeXml(path)}</name><op>assign</op>${val}</changeSet>`;
  for (const path of before?.values.keys() ?? [])
    if (!after.values.has(path))
      changes += `<changeSet><name>${escapeXml(path)}</name><op>indirectRemove</op></changeSet>`;
  if (before !== undefined && changes === '') return null;
  const missing = before === undefined ? missingXml(of, after.missing, xsi) : '';
  const kind = before === undefined ? 'enter' : 'modify';
  return `<objectSet><kind>${kind}</kind>${objXml(of)}${changes}${missing}</objectSet>`;
}

function updateSetXml(version: string, updates: readonly Update[], truncated: boolean): string {
  let sets = '';
  for (const filter of new Set(updates.map((update) => update.filter))) {
    const own = updates.filter((update) => update.filter === filter).map(({ xml }) => xml);
    sets += `<filterSet><filter type="PropertyFilter">${escapeXml(filter.ref.value)}</filter>${own.join('')}</filterSet>`;
  }
  return `<returnval><version>${version}</version>${sets}${truncated ? '<truncated>true</truncated>' : ''}</returnval>`;
}
