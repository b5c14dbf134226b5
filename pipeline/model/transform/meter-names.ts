/** Python's keywords, which cannot be names. */
const KEYWORDS = new Set(
  'False None True and as assert break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
);

/** An expression whose `$(meter)` are names of its own, and those names by meter, in the order of the expression. */
export interface NamedMeters {
  readonly expression: string;
  readonly names: ReadonlyMap<string, string>;
}

/**
 * Puts names for the meters of an arithmetic expression, as Ceilometer does: `$(disk.read.bytes)` becomes
 * `_disk_read_bytes_ESC`, followed by `.volume` unless something else of it is asked for.
 */
export function nameMeters(expression: string): NamedMeters {
  const names = new Map<string, string>();
  const named = expression.replace(/\$\(([\w.-]+)\)/g, (all: string, meter: string, at: number) => {
    const name = nameOf(meter);
    names.set(meter, name);
    return expression[at + all.length] === '.' ? name : `${name}.volume`;
  });
  return { expression: named, names };
}

function nameOf(meter: string): string {
  const plain = meter.replaceAll('.', '_');
  return plain !== meter || plain.endsWith('ESC') || KEYWORDS.has(plain) ? `_${plain}_ESC` : plain;
}
