import type { Dialect, View } from './dialect.ts';
import type { Machine } from './machine.ts';
import type { Row } from './wmi-value.ts';

/** The name that a machine's rows bear. */
export function shownName(machine: Machine, { now, dialect }: View): string {
  const { name, nameAtStart } = machine.stateAt(now);
  return dialect.rename === 'at once' ? name : nameAtStart;
}

export const vpRow = (name: string, vp: string): string => `${name}:Hv VP ${vp}`;

export function nicRow(name: string, vm: string, port: string, { nicRow: form, guidCase }: Dialect): string {
  const [machine, adapter] = guidCase === 'lower' ? [vm.toLowerCase(), port.toLowerCase()] : [vm, port];
  if (form === 'port') return `${name}_Network Adapter_${adapter}`;
  return `${name}_Network Adapter_${machine}${form === 'vm--port' ? '--' : '\\'}${adapter}`;
}

/** A path, with its separators as dashes. */
export function diskRow(path: string, { diskPrefix, diskCase }: Dialect): string {
  const dashed = diskPrefix + path.replaceAll(/[\\/]/g, '-');
  return diskCase === 'lower' ? dashed.toLowerCase() : dashed;
}

/** Rows of one name are told apart by a number, or made one. */
export function withoutDuplicates(rows: readonly Row[], { duplicates }: Dialect): readonly Row[] {
  const byName = new Map<string, Row[]>();
  for (const row of rows) byName.set(String(row.Name), [...(byName.get(String(row.Name)) ?? []), row]);
  return [...byName.entries()].flatMap(([name, same]) =>
    duplicates === 'merged' ? [sumOf(same)] : same.map((row, i) => (i === 0 ? row : { ...row, Name: `${name}#${i}` })),
  );
}

/** The amounts of rows added up; everything else is the first one's. */
export function sumOf(rows: readonly Row[]): Row {
  const [first, ...others] = rows;
  if (first === undefined) return {};
  const sum: Record<string, Row[string]> = { ...first };
  for (const row of others) {
    for (const [property, value] of Object.entries(row)) {
      const before = sum[property];
      if (typeof value === 'bigint' && typeof before === 'bigint' && !/^(Frequency|Timestamp)_/.test(property))
        sum[property] = before + value;
    }
  }
  return sum;
}
