import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('./samples/', import.meta.url);

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Nova's documentation composes its samples: a `$ref` names the file that the object's own members are laid over. */
function resolve(value: unknown, folder: URL): unknown {
  if (Array.isArray(value)) return value.map((entry) => resolve(entry, folder));
  if (!isObject(value)) return value;
  const { $ref, ...own } = value;
  const members = Object.fromEntries(Object.entries(own).map(([key, member]) => [key, resolve(member, folder)]));
  if (typeof $ref !== 'string') return members;
  const file = new URL($ref.replace(/#$/, ''), folder);
  return over(members, resolve(JSON.parse(readFileSync(file, 'utf8')), new URL('.', file)) as Json);
}

function over(upper: Json, lower: Json): Json {
  const both = Object.entries(upper).map(([key, value]) => {
    const below = lower[key];
    return [key, isObject(value) && isObject(below) ? over(value, below) : value] as const;
  });
  return { ...lower, ...Object.fromEntries(both) };
}

export interface Sample {
  readonly name: string;
  readonly notification: Json & { readonly event_type: string; readonly payload: Json };
}

const namesIn = (folder: string): readonly string[] =>
  readdirSync(new URL(`${folder}/`, FOLDER)).filter((name) => name.endsWith('.json'));

export function sample(path: string): Sample['notification'] {
  const file = new URL(`${path}.json`, FOLDER);
  return resolve(JSON.parse(readFileSync(file, 'utf8')), new URL('.', file)) as Sample['notification'];
}

const all = (folder: string): readonly Sample[] =>
  namesIn(folder).map((file) => {
    const name = file.slice(0, -'.json'.length);
    return { name, notification: sample(`${folder}/${name}`) };
  });

/** Of nova's documentation, as nova sends them. */
export const versionedSamples = (): readonly Sample[] => all('versioned');
/** Those that were otherwise before nova 25. */
export const olderSamples = (): readonly Sample[] => all('versioned-22.0.0');
/** Of Ceilometer's tests, and made after nova's code. */
export const legacySamples = (): readonly Sample[] => all('legacy');

let made = 0;

/** A message id and time as oslo.messaging adds them; what is given wins. */
export const stamped = (notification: Json, over: Json = {}): Json => ({
  message_id: `00000000-0000-4000-8000-${String(++made).padStart(12, '0')}`,
  timestamp: '2026-11-22 14:34:01.933254',
  ...notification,
  ...over,
});

/** The body of a message with a notification in oslo.messaging's envelope. */
export const enveloped = (notification: Json): Buffer =>
  Buffer.from(JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(notification) }));

/** A notification with other members in its payload, or in the data of its payload. */
export function withPayload(notification: Sample['notification'], members: Json): Sample['notification'] {
  const { payload } = notification;
  const inner = payload['nova_object.data'];
  const changed = isObject(inner)
    ? { ...payload, 'nova_object.data': { ...inner, ...members } }
    : { ...payload, ...members };
  return { ...notification, payload: changed };
}
