/** What stands where nothing is known. */
export const NONE = '–';

/** @param {number | null | undefined} value a count, with thousands apart */
export const count = (value) => (value === null || value === undefined ? NONE : Math.round(value).toLocaleString('en'));

/** @param {number} n @param {string} one `endpoint` @param {string} [many] `3 endpoints` */
export const counted = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/**
 * The sum of what is known; null where nothing is.
 * @param {readonly (number | null)[]} values
 */
export const sum = (values) =>
  values.reduce((/** @type {number | null} */ all, each) => (each === null ? all : (all ?? 0) + each), null);

/** @param {number | null | undefined} value a rate: few digits, whole from ten on */
export function rate(value) {
  if (value === null || value === undefined) return NONE;
  return value.toLocaleString('en', { maximumFractionDigits: Math.abs(value) < 10 ? 1 : 0 });
}

/** @param {number | null | undefined} share 0 to 1; never rounded up to the whole */
export function percent(share) {
  if (share === null || share === undefined) return NONE;
  const rounded = Math.floor(share * 1000) / 10;
  return `${rounded.toLocaleString('en', { maximumFractionDigits: 1 })} %`;
}

/** @param {number | null | undefined} ms how long: `340 ms`, `12 s`, `5 min`, `3 h`, `2 d` */
export function duration(ms) {
  if (ms === null || ms === undefined) return NONE;
  if (ms <= 0) return ms < 0 ? '0 s' : '0 ms';
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toLocaleString('en', { maximumFractionDigits: 1 })} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

/** @param {number | null | undefined} at since when @param {number} now both milliseconds; whole seconds */
export function age(at, now) {
  if (at === null || at === undefined) return NONE;
  const ms = Math.max(0, now - at);
  return ms < 10_000 ? `${Math.floor(ms / 1000)} s` : duration(ms);
}

/** @param {number | null | undefined} at the time of day in UTC */
export const clockTime = (at) => (at === null || at === undefined ? NONE : new Date(at).toISOString().slice(11, 19));

/** @param {number | null | undefined} at date and time in UTC */
export const dateTime = (at) =>
  at === null || at === undefined ? NONE : new Date(at).toISOString().slice(0, 19).replace('T', ' ');

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];
const DECIMAL = ['', 'k', 'M', 'G', 'T', 'P'];

/** @param {number} value @param {string} unit `B`, `B/s`, `MiB`, `%` …: bytes by 1024, others by 1000 */
export function quantity(value, unit) {
  if (/^MiB/.test(unit)) return quantity(value * 2 ** 20, unit.replace('Mi', ''));
  if (/^GiB/.test(unit)) return quantity(value * 2 ** 30, unit.replace('Gi', ''));
  if (unit === 'ns') return duration(value / 1e6);
  if (unit === '%' || unit === 'percent') return `${rate(value)} %`;
  const isBytes = unit === 'B' || unit === 'B/s';
  const step = isBytes ? 1024 : 1000;
  const names = isBytes ? BINARY : DECIMAL;
  let power = 0;
  let scaled = value;
  while (Math.abs(scaled) >= step && power < names.length - 1) {
    scaled /= step;
    power++;
  }
  const digits =
    power === 0 && Number.isInteger(scaled) ? 0 : Math.abs(scaled) < 10 ? 2 : Math.abs(scaled) < 100 ? 1 : 0;
  // `1.4 k packet/s`, but `1.4 MiB/s`.
  const apart = isBytes || power === 0 || unit === '' ? '' : ' ';
  return `${scaled.toLocaleString('en', { maximumFractionDigits: digits })} ${names[power]}${apart}${unit}`.trim();
}

/** The words for the states of endpoints and sources. */
export const STATES = /** @type {const} */ ({
  up: 'up',
  heard: 'heard',
  connecting: 'connecting',
  failing: 'failing',
  backing_off: 'backing off',
  silent: 'silent',
});

/** @param {string} state what colour it has: `good`, `bad`, `odd` or `none` */
export function toneOf(state) {
  if (state === 'up' || state === 'heard' || state === 'ok' || state === 'live') return 'good';
  if (state === 'failing' || state === 'backing_off' || state === 'error' || state === 'away' || state === 'foreign')
    return 'bad';
  return state === 'connecting' || state === 'idle' ? 'none' : 'odd';
}

/**
 * What tells names apart: without the words, each with a `-` behind it, that all of several begin with. What is left
 * begins with a letter: `collector-0` stays.
 * @param {readonly string[]} names
 * @returns {(name: string) => string}
 */
export function shortened(names) {
  const [first = '', ...others] = new Set(names);
  const all = [first, ...others];
  let end = others.length === 0 ? 0 : first.lastIndexOf('-') + 1;
  while (end > 0 && !all.every((name) => name.startsWith(first.slice(0, end)) && /^[a-z]/i.test(name.slice(end))))
    end = end < 2 ? 0 : first.lastIndexOf('-', end - 2) + 1;
  const same = first.slice(0, end);
  return (name) => (name.startsWith(same) ? name.slice(end) : name);
}
