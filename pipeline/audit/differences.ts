/** The fields in which two JSON objects differ, nested ones with dots, in the order of the first; at most `most`. */
export function differencesOf(expected: string, published: string, most: number): readonly string[] {
  return [...differing(JSON.parse(expected), JSON.parse(published), '')].slice(0, most);
}

function* differing(expected: unknown, published: unknown, path: string): Generator<string> {
  if (isObject(expected) && isObject(published)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(published)]))
      yield* differing(expected[key], published[key], path === '' ? key : `${path}.${key}`);
  } else if (JSON.stringify(expected) !== JSON.stringify(published)) {
    yield `${path}: ${shown(published)} instead of ${shown(expected)}`;
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
