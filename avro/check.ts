import {
  type Cursor,
  malformed,
  readBoolean,
  readBranch,
  readInt,
  readItems,
  readLong,
  skipBytes,
  skipString,
  take,
} from './cursor.ts';

/** The parts of an Avro schema, as JSON, that its binary encoding depends on. */
export type AvroSchema = string | readonly AvroSchema[] | ComplexSchema;

interface ComplexSchema {
  readonly type: AvroSchema;
  readonly name?: string;
  readonly fields?: readonly { readonly name: string; readonly type: AvroSchema }[];
  readonly items?: AvroSchema;
  readonly values?: AvroSchema;
  readonly symbols?: readonly string[];
  readonly size?: number;
}

/** Moves the cursor over one value of a schema; throws a DecodeError if it is not one. */
export type Check = (cursor: Cursor) => void;

/**
 * The check of every named type of a schema in Parsing Canonical Form, by full name. avsc itself trusts lengths and
 * counts, so nothing reaches it that was not walked over first.
 */
export function checksOf(schema: AvroSchema): ReadonlyMap<string, Check> {
  const named = new Map<string, Check>();
  checkOf(schema, named);
  return named;
}

function checkOf(schema: AvroSchema, named: Map<string, Check>): Check {
  if (typeof schema === 'string') return PRIMITIVES[schema] ?? reference(schema, named);
  if (!('type' in schema)) return checkUnion(schema, named);
  const check = checkComplex(schema, named);
  if (schema.name !== undefined) named.set(schema.name, check);
  return check;
}

function checkComplex(schema: ComplexSchema, named: Map<string, Check>): Check {
  switch (schema.type) {
    case 'record': {
      const fields = (schema.fields ?? []).map((field) => checkOf(field.type, named));
      return (cursor) => {
        for (const check of fields) check(cursor);
      };
    }
    case 'array': {
      const item = checkOf(schema.items ?? 'null', named);
      return (cursor) => void readItems(cursor, undefined, item);
    }
    case 'map': {
      const item = checkOf(schema.values ?? 'null', named);
      return (cursor) => void readItems(cursor, item, checkEntry);
    }
    case 'enum': {
      const symbols = schema.symbols?.length ?? 0;
      return (cursor) => checkSymbol(cursor, symbols);
    }
    case 'fixed': {
      const size = schema.size ?? 0;
      return (cursor) => void take(cursor, size);
    }
    default:
      return checkOf(schema.type, named);
  }
}

function checkUnion(schema: readonly AvroSchema[], named: Map<string, Check>): Check {
  const branches = schema.map((branch) => checkOf(branch, named));
  return (cursor) => branches[readBranch(cursor, branches.length)]?.(cursor);
}

function checkEntry(cursor: Cursor, value: Check): void {
  skipString(cursor);
  value(cursor);
}

function checkSymbol(cursor: Cursor, symbols: number): void {
  const index = readInt(cursor);
  if (index < 0 || index >= symbols) throw malformed(cursor, `symbol ${index} of an enum of ${symbols}`);
}

function reference(name: string, named: Map<string, Check>): Check {
  const check = named.get(name);
  if (check === undefined) throw new Error(`The schema uses ${name} before it defines it.`);
  return check;
}

const PRIMITIVES: Readonly<Record<string, Check>> = {
  null: () => undefined,
  boolean: (cursor) => void readBoolean(cursor),
  int: (cursor) => void readInt(cursor),
  long: readLong,
  float: (cursor) => void take(cursor, 4),
  double: (cursor) => void take(cursor, 8),
  bytes: (cursor) => void skipBytes(cursor),
  string: (cursor) => void skipString(cursor),
};
