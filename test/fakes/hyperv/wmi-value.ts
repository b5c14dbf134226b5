/** A datetime: true microseconds since 1970, shown with this offset. */
export interface Moment {
  readonly us: number;
  readonly offsetMinutes: number;
}

/** A property. Whole numbers of any size are bigint. */
export type Value = string | bigint | boolean | null | Moment | readonly string[];

/** An instance, its properties in the order of its class. */
export type Row = Readonly<Record<string, Value>>;

export type Namespace = 'root/cimv2' | 'root/virtualization/v2';

/** 2026-11-26T12:00:00.5Z or …+08:00, with as many digits of the fraction as are needed. */
export function dateTime({ us, offsetMinutes }: Moment): string {
  const local = us + offsetMinutes * 60_000_000;
  const whole = new Date(Math.floor(local / 1_000_000) * 1000).toISOString().slice(0, 19);
  const fraction = String(local % 1_000_000)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const sign = offsetMinutes < 0 ? '-' : '+';
  const minutes = Math.abs(offsetMinutes);
  const zone = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
  return `${whole}${fraction === '' ? '' : `.${fraction}`}${minutes === 0 ? 'Z' : `${sign}${zone}`}`;
}
