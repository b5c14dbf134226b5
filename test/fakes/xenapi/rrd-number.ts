/**
 * A number as xapi prints it everywhere in its RRD answers (`f_to_s`): C's `%0.<digits>g`, with `0.0`, `NaN` and
 * `Infinity`. 15 digits since xapi 25.3.0, 5 before (CA-404591): rates of older hosts are good to 5 digits only.
 */
export function rrdNumber(value: number, digits: number): string {
  if (value === 0) return '0.0';
  if (!Number.isFinite(value)) return String(value);
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
  const [exact = '', exponent] = value.toExponential(digits + 30).split('e');
  const all = exact.replace('.', '');
  const isTie = all[digits] === '5' && /^50*$/.test(all.slice(digits));
  if (isTie && Number(all[digits - 1]) % 2 === 0) return [all.slice(0, digits), Number(exponent)];
  const [mantissa = '', power] = value.toExponential(digits - 1).split('e');
  return [mantissa.replace('.', ''), Number(power)];
}

const trimmed = (text: string): string => text.replace(/\.?0+$/, '');
