import avsc from 'avsc';
import { SNAPSHOT_AVSC, type WriterSchema, writerSchema } from './schemas.ts';

/** Where a Snapshot lay in the raw topic. `time` is its record's, microseconds. */
export interface Logged {
  readonly partition: number;
  readonly offset: number;
  readonly time: number;
}

interface RecordSchema {
  readonly fields: readonly unknown[];
}

const snapshot: RecordSchema = JSON.parse(SNAPSHOT_AVSC);
const placement = {
  type: 'record',
  name: 'Logged',
  doc: 'Where the message lay in the raw topic, and its time in the log.',
  fields: [
    { name: 'partition', type: 'int' },
    { name: 'offset', type: 'long' },
    { name: 'time', type: { type: 'long', logicalType: 'timestamp-micros' } },
  ],
};

/**
 * The schema of files that the raw topic is saved to: the contract's, and one more field that tells what a file does not,
 * as closing a window depends on it. Whoever reads such a file with snapshot.avsc as his schema does not see the field;
 * whoever writes one without it is read all the same.
 */
export const LOGGED_AVSC = JSON.stringify({
  ...snapshot,
  fields: [...snapshot.fields, { name: 'logged', type: ['null', placement], default: null }],
});

export const LOGGED: WriterSchema = writerSchema(LOGGED_AVSC);

const placed = avsc.Type.forSchema(['null', placement] as never);

/** What follows a Snapshot's bytes in a file of LOGGED_AVSC. */
export const encodeLogged = (logged: Logged): Buffer => placed.toBuffer({ ...logged });
