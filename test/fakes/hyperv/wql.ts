/** `SELECT list|* FROM class [WHERE property = 'value' [AND …]]`, the part of WQL that is understood here. */
export interface Query {
  /** Null: all. */
  readonly properties: readonly string[] | null;
  readonly from: string;
  readonly where: readonly (readonly [property: string, value: string])[];
}

const QUERY = /^\s*SELECT\s+(\*|\w+(?:\s*,\s*\w+)*)\s+FROM\s+(\w+)(?:\s+WHERE\s+(.+?))?\s*$/is;
const CONDITION = /^(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\d+|TRUE|FALSE))\s*(?:AND\s+|$)/is;

/** Throws a SyntaxError on anything else. Backslashes in strings are doubled, as WQL has them. */
export function parseWql(text: string): Query {
  const [, list, from, conditions] = QUERY.exec(text) ?? [];
  if (list === undefined || from === undefined) throw new SyntaxError(`not understood: ${text}`);
  const where: [string, string][] = [];
  for (let rest = conditions ?? ''; rest !== ''; ) {
    const found = CONDITION.exec(rest);
    if (found === null) throw new SyntaxError(`not understood: ${rest}`);
    const [whole, property = '', single, double, bare] = found;
    where.push([property, bare ?? (single ?? double ?? '').replaceAll(/\\(.)/gs, '$1')]);
    rest = rest.slice(whole.length);
  }
  return { properties: list === '*' ? null : list.split(',').map((each) => each.trim()), from, where };
}
