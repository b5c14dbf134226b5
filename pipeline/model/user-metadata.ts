/** Which of an instance's own labels the samples carry (Ceilometer's `reserved_metadata_*`). */
export interface UserMetadataRules {
  /** A label whose name begins so is carried, under the rest of its name. */
  readonly prefixes: readonly string[];
  /** Labels that are carried besides, by name. */
  readonly keys: readonly string[];
  /** Longer values are cut to so many characters. */
  readonly maxLength: number;
}

export const CEILOMETERS: UserMetadataRules = { prefixes: ['metering.'], keys: [], maxLength: 256 };

/**
 * The labels that samples carry, dots in their names as underscores, as Ceilometer makes `user_metadata`; null if there
 * are none. What the metadata beside it has already (`taken`) is left out, as there.
 */
export function userMetadata(
  labels: Readonly<Record<string, string>>,
  taken: Readonly<Record<string, unknown>>,
  { prefixes, keys, maxLength }: UserMetadataRules,
): Readonly<Record<string, string>> | null {
  const carried: [string, string][] = [];
  const carry = (name: string, value: string): void => {
    const written = name.replaceAll('.', '_');
    if (!Object.hasOwn(taken, written)) carried.push([written, cut(value, maxLength)]);
  };
  for (const prefix of prefixes) {
    for (const [name, value] of Object.entries(labels))
      if (name.startsWith(prefix)) carry(name.slice(prefix.length), value);
  }
  for (const [name, value] of Object.entries(labels)) if (keys.includes(name)) carry(name, value);
  return carried.length === 0 ? null : Object.fromEntries(carried);
}

/** By characters, as Python counts: half a surrogate pair has no UTF-8. */
const cut = (text: string, most: number): string => (text.length <= most ? text : [...text].slice(0, most).join(''));
