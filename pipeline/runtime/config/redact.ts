import { alternatives, child, isObject, type SchemaNode } from './schema-node.ts';

/** What stands in the place of a secret. */
export const STARS = '***';

/** Keys that hold secrets wherever they occur, for maps whose keys the schema does not list. */
const SECRET_KEY = /pass(?:word|phrase)|secret|token|credential|private|\.pem$/i;

/** Whether a key's name alone says that a secret is under it; `passwordFile` names a file. */
export const isSecretKey = (key: string): boolean => SECRET_KEY.test(key) && !key.endsWith('File');

/**
 * The secrets of any address in the text as stars: `amqp://user:***@host`, `https://host/api?key=***`. The password ends at
 * the last `@` of the word, since people forget to escape what their passwords hold; of the query what is known to be
 * harmless is left. The text may be a stranger's: however it is made, this takes no more than in proportion to its length.
 */
export const redactUrls = (text: string): string => redactQueries(redactPasswords(text));

const redactPasswords = (text: string): string =>
  text.replace(
    /((?<![a-z0-9+.-])[a-z0-9+.-]+:\/\/)([^\s/?#:@]*)(?::\S{0,2048})?@/gi,
    (_, scheme: string, user: string) => (user === '' ? `${scheme}${STARS}@` : `${scheme}${user}:${STARS}@`),
  );

/** Parameters of addresses that say how to connect: those of libvirt, RabbitMQ, InfluxDB and Ceilometer's publishers. */
const HARMLESS = new Set(
  (
    'auth command keyfile known_hosts name netcat no_verify pkipath plain proxy socket thumbprint verify ' +
    'ssl bucket db org precision rp batch driver max_queue_length max_retry per_meter_topic policy timeout topic verify_ssl'
  ).split(' '),
);

const isHarmless = (name: string): boolean => HARMLESS.has(name) || name.endsWith('File');

const redactQueries = (text: string): string =>
  text.replace(
    /(:\/\/[^\s"'<>?#]{0,2048}\?)([^\s"'<>#]*)/g,
    (_, address: string, query: string) => `${address}${query.split('&').map(redactParameter).join('&')}`,
  );

/** `name=***`; one without a name may be a secret as a whole. The end of the sentence around it stays. */
function redactParameter(parameter: string): string {
  const begin = parameter.indexOf('=') + 1;
  let end = parameter.length;
  while (end > begin && '.,:;)]}'.includes(parameter[end - 1] as string)) end--;
  if (end === begin || isHarmless(parameter.slice(0, Math.max(0, begin - 1)))) return parameter;
  return `${parameter.slice(0, begin)}${STARS}${parameter.slice(end)}`;
}

/**
 * The schemas of a member of values of these shapes. A key that none of them lists is a secret if its name says so:
 * `ssl.key.pem` among the properties of librdkafka.
 */
export function memberSchemas(shapes: readonly SchemaNode[], key: string): readonly SchemaNode[] {
  const isListed = shapes.some(({ properties }) => properties && Object.hasOwn(properties, key));
  return !isListed && isSecretKey(key) ? [{ secret: true }] : shapes.flatMap((shape) => child(shape, key));
}

/** A copy of a configuration in which secrets, and passwords within addresses, are stars. */
export function redact(value: unknown, schemas: readonly SchemaNode[]): unknown {
  const shapes = schemas.flatMap((schema) => alternatives(schema, value));
  if (value !== null && value !== undefined && isSecret([...schemas, ...shapes])) return STARS;
  if (typeof value === 'string') return redactUrls(value);
  if (Array.isArray(value)) {
    const entries = shapes.flatMap((shape) => child(shape, 0));
    return value.map((entry) => redact(entry, entries));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, redact(member, memberSchemas(shapes, key))]),
  );
}

/** Whether a value of one of these schemas must not be shown. */
export const isSecret = (schemas: readonly SchemaNode[]): boolean => schemas.some(({ secret }) => secret === true);
