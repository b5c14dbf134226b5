/**
 * JSON text of a value, whole numbers as exact digits whatever their size: a bigint as its digits, and 1e21 as
 * 1000000000000000000000 and not as a float. Fields that are undefined are left out, as JSON.stringify does.
 * Throws a TypeError on what JSON cannot say: NaN, infinity, functions, symbols.
 */
export function exactJson(value: unknown): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'bigint':
      return value.toString();
    case 'number':
      return exactNumber(value);
    case 'object':
      return Array.isArray(value) ? `[${value.map(exactJson).join(',')}]` : exactObject(value);
    default:
      throw new TypeError(`a ${typeof value} has no JSON form`);
  }
}

function exactNumber(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  if (Number.isInteger(value)) return BigInt(value).toString();
  if (Number.isFinite(value)) return String(value);
  throw new TypeError(`${value} has no JSON form`);
}

function exactObject(value: object): string {
  let text = '';
  for (const [key, field] of Object.entries(value)) {
    if (field === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${exactJson(field)}`;
  }
  return `{${text}}`;
}
