/** Microseconds since 1970 in UTC with all six digits: `2026-11-23T06:38:27.000123Z`. */
export function isoMicroseconds(us: number): string {
  const milliseconds = Math.floor(us / 1000);
  const rest = us - milliseconds * 1000;
  return new Date(milliseconds).toISOString().replace('Z', `${String(rest).padStart(3, '0')}Z`);
}
