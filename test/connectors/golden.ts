/** As `expected.json` has what a connector made of answers: whole numbers of 64 bits as digits, uuids as hexadecimal. */
export const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (_, part) => readable(part)));

/** The same without what is null. */
export const plainWithoutNulls = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, part) => readable(part) ?? undefined));

/** The text of `expected.json`. */
export const expectedText = (plainValue: unknown): string => `${JSON.stringify(plainValue, null, 1)}\n`;

function readable(part: unknown): unknown {
  if (typeof part === 'bigint') return part.toString();
  const isBytes = typeof part === 'object' && part !== null && 'type' in part && part.type === 'Buffer';
  return isBytes && 'data' in part ? Buffer.from(part.data as number[]).toString('hex') : part;
}
