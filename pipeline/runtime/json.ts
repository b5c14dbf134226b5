/**
 * JSON text of plain values in which whole numbers are exact digits, whatever their size: a bigint as its digits, and
 * 1e21 as 1000000000000000000000 and not as a float. Like JSON.stringify otherwise: undefined
 * members vanish, undefined or non-finite entries are null, `toJSON` is honoured. `indent` spaces, 0 for one line.
 */
export function exactJson(value: unknown, indent = 0): string {
  return write(value, indent, '') ?? 'null';
}

function write(value: unknown, indent: number, margin: string): string | undefined {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
    return BigInt(value).toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (hasToJson(value)) return write(value.toJSON(), indent, margin);
  const inner = margin + ' '.repeat(indent);
  if (Array.isArray(value)) {
    return enclose(
      '[]',
      value.map((entry) => write(entry, indent, inner) ?? 'null'),
      indent,
      margin,
    );
  }
  const members: string[] = [];
  for (const [key, member] of Object.entries(value)) {
    const text = write(member, indent, inner);
    if (text !== undefined) members.push(`${JSON.stringify(key)}:${indent > 0 ? ' ' : ''}${text}`);
  }
  return enclose('{}', members, indent, margin);
}

function enclose(brackets: '[]' | '{}', parts: readonly string[], indent: number, margin: string): string {
  if (parts.length === 0 || indent === 0) return `${brackets[0]}${parts.join(',')}${brackets[1]}`;
  const inner = `\n${margin}${' '.repeat(indent)}`;
  return `${brackets[0]}${inner}${parts.join(`,${inner}`)}\n${margin}${brackets[1]}`;
}

const hasToJson = (value: object): value is { toJSON(): unknown } =>
  'toJSON' in value && typeof value.toJSON === 'function';
