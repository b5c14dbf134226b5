/**
 * A number as xapi prints it everywhere in its RRD answers (`f_to_s`): C's `%0.<digits>g`, with `0.0`, `NaN` and
 * `Infinity`. 15 digits since xapi 25.3.0, 5 before (CA-404591): rates of older hosts are good to 5 digits only.
 */
export function rrdNumber(value: number, digits: number): string {
  if (value === 0) return '0.0';
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 10 ** digits) return String(value);
  const [mantissa, power] = rounded(Math.abs(value), digits);
  const sign = value < 0 ? '-' : '';
  if (power < -4 || power >= digits) {
    const exponent = `${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
    return `${sign}${trimmed(`${mantissa.slice(0, 1)}.${mantissa.slice(1)}`)}e${exponent}`;
  }
  if (power < 0) return `${sign}${trimmed(`0.${'0'.repeat(-1 - power)}${mantissa}`)}`;
  return `${sign}${trimmed(`${mantissa.slice(0, power + 1)}.${mantissa.slice(power + 1)}`)}`;
}

/** The significant digits and the power of ten of the first. C rounds a tie to the even digit, JavaScript up. */
function rounded(value: number, digits: number): readonly [mantissa: string, power: number] {
  const [shortest = '', exponent] = value.toExponential().split('e');
  // A tie has one digit too many, a 5, and that is all of the number.
  if (shortest.length === digits + 2 && shortest.endsWith('5')) {
    const exact =
      value
        .toExponential(digits + 30)
        .replace('.', '')
        .split('e')[0] ?? '';
    const isTie = /^50*$/.test(exact.slice(digits));
    if (isTie && Number(exact[digits - 1]) % 2 === 0) return [exact.slice(0, digits), Number(exponent)];
  }
  const [mantissa = '', power] = value.toExponential(digits - 1).split('e');
  return [mantissa.replace('.', ''), Number(power)];
}

/** Without zeros behind the point, and without a point behind which nothing is left. */
const trimmed = (text: string): string => (text.includes('.') ? text.replace(/\.?0*$/, '') : text);
