import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContainerWriter } from '../../../avro/container-writer.ts';
import { SNAPSHOT } from '../../avro/examples.ts';
import { CHECK, type Section } from '../mistake.ts';

export const FILES_AND_PORTS: Section = {
  title: 'Files, ports, and other destinations',
  about: 'A file that is needed and cannot be read ends a command with 66.',
  mistakes: [
    {
      title: 'Raw data that is not there',
      words: ['replay', 'none.avro', '--dry-run'],
      code: 66,
      told: 'cannot read none.avro: there is no such file; check the path',
      where: 'none.avro',
      remedy: 'check the path',
    },
    {
      title: 'Raw data that is none',
      words: ({ folder }) => {
        writeFileSync(join(folder, 'raw.avro'), 'hello, this is text and no Avro at all');
        return ['replay', join(folder, 'raw.avro'), '--dry-run'];
      },
      code: 66,
      told: 'cannot read FOLDER/raw.avro: …not an Avro file of Snapshots…; such files come from hypermeter tap raw --save',
      where: 'FOLDER/raw.avro',
      remedy: 'such files come from hypermeter tap raw --save',
    },
    {
      title: 'Raw data that is cut off',
      words: ({ folder }) => {
        const writer = createContainerWriter({});
        for (const snapshot of [SNAPSHOT, SNAPSHOT]) writer.add(snapshot, { partition: 0, offset: 0, time: 0 });
        const [first, second] = [writer.block(), Buffer.of(2, 200)];
        writeFileSync(join(folder, 'cut.avro'), Buffer.concat([writer.header, first, second]));
        return ['replay', join(folder, 'cut.avro'), '--dry-run'];
      },
      code: 66,
      told: 'cannot read FOLDER/cut.avro: it is cut off: after 1 whole block come 2 bytes of one that is not; --torn reads what is whole',
      where: 'FOLDER/cut.avro',
      remedy: '--torn reads what is whole',
    },
    {
      title: 'Raw data without a header',
      words: ({ folder }) => {
        writeFileSync(join(folder, 'empty.avro'), '');
        return ['replay', join(folder, 'empty.avro'), '--dry-run'];
      },
      code: 66,
      told: 'cannot read FOLDER/empty.avro: byte 0: it is empty: without a header nothing can be read; such files come from hypermeter tap raw --save',
      where: 'FOLDER/empty.avro',
      remedy: 'such files come from hypermeter tap raw --save',
    },
    {
      title: 'Published samples that are not there',
      words: ['audit', '--published', 'none.jsonl', '--raw', 'none.avro'],
      code: 66,
      told: 'cannot read none.jsonl: there is no such file; check the path',
      where: 'none.jsonl',
      remedy: 'check the path',
    },
    {
      title: 'A file sink without its directory',
      yaml: 'sinks: [{ type: file, path: /nowhere/meters.jsonl }]',
      words: CHECK,
      code: 69,
      told: '✗ file file:/nowhere/meters.jsonl: cannot write /nowhere/meters.jsonl: its directory is missing: make it',
      where: '/nowhere/meters.jsonl',
      remedy: 'make it',
    },
    {
      title: 'A file sink that names a directory',
      yaml: ({ folder }) => `sinks: [{ type: file, path: ${folder} }]`,
      words: CHECK,
      code: 69,
      told: '✗ file file:FOLDER: cannot write FOLDER: it is a directory: name a file in it',
      where: 'FOLDER',
      remedy: 'name a file in it',
    },
    {
      title: 'A spool where nothing can be made',
      yaml: 'collector: { spool: { directory: /proc/spool } }',
      words: CHECK,
      code: 69,
      told: '✗ spool /proc/spool: the spool cannot use /proc/spool: ENOENT: …; nothing can be made there: name another collector.spool.directory',
      where: '/proc/spool',
      remedy: 'name another collector.spool.directory',
    },
    {
      title: 'UDP to a host that is none',
      yaml: 'sinks: [{ type: udp, host: ceilometer.invalid }]',
      words: CHECK,
      code: 69,
      told: '✗ udp udp://ceilometer.invalid:4952: cannot look up ceilometer.invalid: check the name and the DNS',
      where: 'ceilometer.invalid',
      remedy: 'check the name and the DNS',
    },
    {
      title: 'TCP to nobody',
      yaml: 'sinks: [{ type: tcp, host: 127.0.0.1, port: 1 }]',
      words: CHECK,
      code: 69,
      told: '✗ tcp tcp://127.0.0.1:1: no connection to 127.0.0.1:1: nobody listens there: start the receiver, or check host and port',
      where: '127.0.0.1:1',
      remedy: 'start the receiver, or check host and port',
    },
    {
      title: 'An ops port that is taken',
      yaml: async ({ takenPort }) =>
        `{ connectors: [{ name: sim, type: simulator }], sinks: [{ type: stdout }], ops: { listen: "127.0.0.1:${await takenPort()}" } }`,
      words: ['run', '-c', 'FILE'],
      code: 1,
      told: 'cannot listen on 127.0.0.1:PORT: another program listens there; choose another address for ops.listen, or off',
      where: '127.0.0.1:PORT',
      remedy: 'choose another address for ops.listen, or off',
    },
    {
      title: 'A port to listen on that is taken',
      words: async ({ takenPort }) => ['listen', 'tcp', '--port', String(await takenPort())],
      code: 69,
      told: 'cannot listen on 127.0.0.1:PORT: another program listens there; choose another --port',
      where: '127.0.0.1:PORT',
      remedy: 'choose another --port',
    },
    {
      title: 'No process to look at',
      words: ['top', '127.0.0.1:2', '--once'],
      code: 69,
      told: '127.0.0.1:2: nobody listens there\nis it running, and is this its ops.listen? hypermeter top HOST:PORT names another',
      where: '127.0.0.1:2',
      remedy: 'hypermeter top HOST:PORT names another',
    },
  ],
};
