import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeSnapshots, EncodeError, encodeSnapshot } from '../../avro/codec.ts';
import { SliceReader } from '../../avro/reader.ts';
import { SCHEMAS, SNAPSHOT_AVSC, schemasOf, writerSchema } from '../../avro/schemas.ts';
import { INSTANCE_COUNTERS, INSTANCE_GAUGES, type Row, type Snapshot } from '../../avro/snapshot.ts';
import { EDGES, snapshots } from './arbitrary.ts';
import { INSTANCE, SNAPSHOT } from './examples.ts';
import { unroll, unrolled } from './unroll.ts';

const withRow = (row: Partial<Row>): Snapshot => ({
  ...SNAPSHOT,
  instances: [{ ...INSTANCE, rows: INSTANCE.rows.map((before) => ({ ...before, ...row })) }],
});

describe('a round trip', () => {
  test('changes nothing, for any Snapshots in one value', () => {
    fc.assert(
      fc.property(snapshots, (given) => {
        expect(decodeSnapshots(Buffer.concat(given.map((one) => encodeSnapshot(one))))).toEqual(given);
      }),
    );
  });

  test.each(EDGES)('keeps a statistic of %s', (value) => {
    const names = [...INSTANCE_COUNTERS, ...INSTANCE_GAUGES];
    const given = withRow(Object.fromEntries(names.map((name) => [name, value])));
    expect(decodeSnapshots(encodeSnapshot(given))).toEqual([given]);
  });

  test('keeps an empty slice', () => {
    const given = { ...SNAPSHOT, instances: [] };
    expect(decodeSnapshots(encodeSnapshot(given))).toEqual([given]);
  });

  test('copies uuids, so that they do not keep the message alive', () => {
    const value = encodeSnapshot(SNAPSHOT);
    const uuid = decodeSnapshots(value)[0]?.instances[0]?.uuid;
    value.fill(0);
    expect(uuid).toEqual(INSTANCE.uuid);
  });
});

describe('an EncodeError names the field', () => {
  test.each<[string, Snapshot]>([
    ['instances.0.rows.0.cpuTime', withRow({ cpuTime: 1n << 64n })],
    ['instances.0.rows.0.cpuTime', withRow({ cpuTime: -1n })],
    ['instances.0.rows.0.observedAt', withRow({ observedAt: 1.5 })],
    ['instances.0.rows.0.observedAt', withRow({ observedAt: 2 ** 53 })],
    ['instances.0.rows.0.disks', withRow({ disks: [] })],
    ['instances.0.rows.0.nics', withRow({ nics: [] })],
    ['instances.0.uuid', { ...SNAPSHOT, instances: [{ ...INSTANCE, uuid: Buffer.alloc(15) }] }],
    ['hosts.0.rows.0.disks', { ...SNAPSHOT, hosts: [{ ...INSTANCE, disks: [] }] }],
    ['poll.slice', { ...SNAPSHOT, poll: { ...SNAPSHOT.poll, slice: 2 ** 31 } }],
  ])('%s', (field, given) => {
    expect(() => encodeSnapshot(given)).toThrow(EncodeError);
    expect(() => encodeSnapshot(given)).toThrow(expect.objectContaining({ field }));
  });
});

describe('a value of an older schema', () => {
  const later = ['flushRequests', 'flushTime', 'extras', 'partial'];
  // The first schema as it might have been before flushes, extras and partial polls were known.
  const text = JSON.stringify(JSON.parse(SNAPSHOT_AVSC), (_key, part) =>
    Array.isArray(part) ? part.filter((field) => !later.includes(field?.name)) : part,
  );
  const before = writerSchema(text);
  const schemas = schemasOf(SCHEMAS.current, [before]);
  const value = encodeSnapshot(SNAPSHOT, schemasOf(before, []));
  const read = {
    ...SNAPSHOT,
    instances: [
      {
        ...INSTANCE,
        rows: INSTANCE.rows.map((row) => ({
          ...row,
          extras: [],
          disks: row.disks.map((disk) => ({ ...disk, flushRequests: null, flushTime: null })),
        })),
      },
    ],
  };

  test('is not known by itself', () => {
    expect(() => decodeSnapshots(value)).toThrow(expect.objectContaining({ code: 'unknown_schema', position: 0 }));
    expect(() => new SliceReader().read(value)).toThrow(expect.objectContaining({ code: 'unknown_schema' }));
  });

  test('is read as the current one, with defaults, by both ways in', () => {
    expect(decodeSnapshots(value, schemas)).toEqual([read]);
    expect(unroll(new SliceReader(schemas).read(value))).toEqual(unrolled([read]));
  });

  test('may stand beside one of the current schema', () => {
    const both = Buffer.concat([encodeSnapshot(SNAPSHOT), value]);
    expect(decodeSnapshots(both, schemas)).toEqual([SNAPSHOT, read]);
    expect(unroll(new SliceReader(schemas).read(both))).toEqual(unrolled([SNAPSHOT, read]));
  });
});
