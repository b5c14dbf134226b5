/**
 * What the names of performance rows say, which are no ids. Three forms:
 *
 *   vCPU       <VM's name>:Hv VP <number>        a name may have colons, so the last one counts
 *   adapter    <VM's name>_<adapter's name>_… with the adapter's GUID in it; what stands between varies
 *   disk       the VHD's path with \ and / as -, of any case
 */

const VCPU = /^(.*):Hv VP (\d{1,5})(#\d{1,5})?$/s;
const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const WHOLE_GUID = new RegExp(`^\\{?(${GUID.source})\\}?$`, 'i');

/** What else than words stands in a name: whose device it is, and what belongs to a switch. */
export const GUID_OR_MARK = new RegExp(`${GUID.source}|__DEVICE|__TEAMNIC`, 'gi');

/** Rows that stand for no device of a VM: the sum, and what belongs to a switch. */
export const isNoise = (name: string): boolean => name === '_Total' || /__DEVICE|__TEAMNIC/.test(name);

/** `isOther`: a second row of that name, of another VM or of who knows what. */
export function vcpuOf(
  name: string,
): { readonly vm: string; readonly number: number; readonly isOther: boolean } | null {
  const [, vm, number, ordinal] = VCPU.exec(name) ?? [];
  if (vm === undefined || number === undefined) return null;
  return { vm, number: Number(number), isOther: ordinal !== undefined };
}

/** Every GUID in a text, in lower case. */
export const guidsIn = (text: string): readonly string[] =>
  [...text.matchAll(GUID)].map(([guid]) => guid.toLowerCase());

/** A GUID with or without braces, in lower case without them; null if it is something else. */
export const guidOf = (text: string | null): string | null =>
  WHOLE_GUID.exec(text?.trim() ?? '')?.[1]?.toLowerCase() ?? null;

/**
 * What a VHD's path and the name of its row have in common: no case, `-` for every separator, and nothing of the prefix
 * `\\?\` (`--?-` in the row's name), which the one may have and the other not.
 */
export const diskKey = (path: string): string =>
  path
    .toLowerCase()
    .replaceAll(/[\\/]/g, '-')
    .replaceAll(/-+/g, '-')
    .replace(/^-\?-unc-/, '-')
    .replace(/^-\?-/, '');

/** Without the `#1` that a second row of one name may get. */
export const withoutOrdinal = (name: string): string => name.replace(/#\d{1,5}$/, '');
