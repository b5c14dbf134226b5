import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BLOCK_FIELDS } from '../../avro/batch.ts';
import { encodeSnapshot } from '../../avro/codec.ts';
import { SliceReader } from '../../avro/reader.ts';
import { SNAPSHOT_AVSC } from '../../avro/schemas.ts';
import { STATES } from '../../avro/snapshot.ts';
import { snapshots } from './arbitrary.ts';
import { INSTANCE, SNAPSHOT } from './examples.ts';
import { countReadings, unroll, unrolled } from './unroll.ts';

const encoded = (given: readonly (typeof SNAPSHOT)[]): Buffer => Buffer.concat(given.map((one) => encodeSnapshot(one)));

describe('SliceReader', () => {
  test('reads what was written, whatever it was, message after message', () => {
    const reader = new SliceReader();
    fc.assert(
      fc.property(snapshots, (given) => {
        const batch = reader.read(encoded(given));
        expect(unroll(batch)).toEqual(unrolled(given));
        expect(batch.readings).toBe(countReadings(batch));
      }),
    );
  });

  test('grows: 500 instances of 5 rows of 3 disks', () => {
    const instance = {
      ...INSTANCE,
      disks: ['vda', 'vdb', 'vdc'].map((id) => ({ id, epoch: `${id}-1` })),
      rows: Array.from({ length: 5 }, (_, index) => ({
        ...(INSTANCE.rows[0] as (typeof INSTANCE.rows)[number]),
        observedAt: index,
        disks: Array.from(
          { length: 3 },
          () => INSTANCE.rows[0]?.disks[0] as (typeof INSTANCE.rows)[number]['disks'][number],
        ),
      })),
    };
    const given = [{ ...SNAPSHOT, instances: Array.from({ length: 500 }, () => instance) }];
    const reader = new SliceReader();
    expect(unroll(reader.read(encoded(given)))).toEqual(unrolled(given));
    expect(unroll(reader.read(encoded([SNAPSHOT])))).toEqual(unrolled([SNAPSHOT]));
  });

  test('gives the same source object for the same source, and another for another', () => {
    const reader = new SliceReader();
    const first = reader.read(encoded([SNAPSHOT])).slices[0]?.source;
    expect(reader.read(encoded([SNAPSHOT])).slices[0]?.source).toBe(first);
    const restarted = { ...SNAPSHOT, source: { ...SNAPSHOT.source, generation: 2 } };
    expect(reader.read(encoded([restarted])).slices[0]?.source).not.toBe(first);
  });

  test('is usable after a value that was none', () => {
    const reader = new SliceReader();
    const value = encoded([SNAPSHOT]);
    expect(() => reader.read(value.subarray(0, value.length - 1))).toThrow(
      expect.objectContaining({ code: 'truncated' }),
    );
    expect(unroll(reader.read(value))).toEqual(unrolled([SNAPSHOT]));
  });
});

describe('the schema that the reader is written for', () => {
  const named = new Map<string, string[]>();
  JSON.parse(SNAPSHOT_AVSC, (_key, part) => {
    if (part?.type === 'record')
      named.set(
        part.name,
        part.fields.map((field: { name: string }) => field.name),
      );
    if (part?.type === 'enum') named.set(part.name, part.symbols);
    return part;
  });

  // The hand-written readers follow this order; a change must be made in both.
  test.each([
    ['Snapshot', 'source poll hosts instances'],
    ['Source', 'kind hypervisor collector generation bootedAt'],
    ['PollInfo', 'sequence scheduledAt startedAt endedAt interval instances slice slices partial'],
    ['Instance', 'uuid epoch startedAt deletedAt state disks nics rows identity'],
    ['Device', 'id epoch'],
    ['Row', `observedAt interval monotonic ${BLOCK_FIELDS[0].join(' ')} disks nics extras`],
    ['DiskRow', BLOCK_FIELDS[1].join(' ')],
    ['NicRow', BLOCK_FIELDS[2].join(' ')],
    ['Extra', 'name device counter value'],
    ['State', STATES.join(' ')],
  ])('%s is %s', (name, fields) => {
    expect(named.get(name)?.join(' ')).toBe(fields);
  });
});
