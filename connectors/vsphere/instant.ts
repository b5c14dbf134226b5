const FORM = /^(-?\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?$/;

/** An xsd:dateTime, with an offset or not (then UTC), as microseconds since 1970; what is finer is cut off. Null: it is none. */
export function parseInstant(text: string): number | null {
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = FORM.exec(text.trim()) ?? [];
  if (year === undefined) return null;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(ms)) return null;
  return ms * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6)) - offsetUs(zone);
}

function offsetUs(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000_000;
}
