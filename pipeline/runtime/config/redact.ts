import { alternatives, child, isObject, type SchemaNode } from './schema-node.ts';

/** What stands in the place of a secret. */
export const STARS = '***';

/** Keys that hold secrets wherever they occur, for maps whose keys the schema does not list. */
const SECRET_KEY = /pass(?:word|phrase)|secret|token|credential|private|\.pem$/i;

/** Whether a key's name alone says that a secret is under it; `passwordFile` names a file. */
export const isSecretKey = (key: string): boolean => SECRET_KEY.test(key) && !key.endsWith('File');

/**
 * The password of any address in the text as stars: `amqp://user:***@host`. Up to the last `@` of the word, since people
 * forget to escape what their passwords hold.
 */
export const redactUrls = (text: string): string =>
  text.replace(/([a-z][a-z0-9+.-]*:\/\/)([^\s/?#:@]*)(?::\S*)?@/gi, (_, scheme: string, user: string) =>
    user === '' ? `${scheme}${STARS}@` : `${scheme}${user}:${STARS}@`,
  );

/** A copy of a configuration in which secrets, and passwords within addresses, are stars. */
export function redact(value: unknown, schemas: readonly SchemaNode[]): unknown {
  const shapes = schemas.flatMap((schema) => alternatives(schema, value));
  if (value !== null && [...schemas, ...shapes].some((shape) => shape.secret)) return STARS;
  if (typeof value === 'string') return redactUrls(value);
  if (Array.isArray(value)) {
    const entries = shapes.flatMap((shape) => child(shape, 0));
    return value.map((entry) => redact(entry, entries));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const listed = shapes.some((shape) => shape.properties && Object.hasOwn(shape.properties, key));
      if (!listed && isSecretKey(key)) return [key, STARS];
      return [
        key,
        redact(
          member,
          shapes.flatMap((shape) => child(shape, key)),
        ),
      ];
    }),
  );
}
