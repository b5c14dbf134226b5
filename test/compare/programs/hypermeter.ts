import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN } from '../../chaos/main-file.ts';
import { unique } from '../../pipeline/kafka/fixtures.ts';
import { startAgent } from '../agent.ts';
import { GUESTS } from '../guests.ts';
import { INTERVAL_S, linesOf, type Metered, type Place, type Program, readingOf } from './program.ts';

/** Collector and pipeline in one process; Kafka is between them, and its own affair. */
export function hypermeter({ uri, folder, brokers }: Place): Program {
  const [config, out] = [join(folder, 'hypermeter.yaml'), join(folder, 'samples.jsonl')];
  const name = unique('compare');
  const words = {
    service: { id: 'compare' },
    kafka: { brokers: brokers.split(','), topics: { raw: name, deadLetters: `${name}.dead` }, group: name },
    collector: { interval: `${INTERVAL_S}s` },
    connectors: [{ name: 'kvm1', type: 'libvirt', uri }],
    pipeline: { windows: [{ size: `${2 * INTERVAL_S}s` }], reorder: '2s' },
    meters: ['cpu.delta', 'disk.device.write.bytes.delta', 'network.outgoing.bytes.delta'],
    sinks: [{ type: 'file', path: out }],
    ops: { listen: '127.0.0.1:0' },
  };
  writeFileSync(config, JSON.stringify(words));
  return {
    name: 'Hypermeter',
    rules: ['own'],
    cpu: 'cpu',
    start: () => startAgent(process.execPath, [MAIN, 'run', '-c', config], join(folder, 'log')),
    readings: () => {
      // After a kill the same samples may come again, under the same ids.
      const lines = linesOf(out) as readonly (Metered & { readonly message_id: string })[];
      const once = new Map(lines.map((line) => [line.message_id, line]));
      return [...once.values()].map((line) => readingOf(line, GUESTS)).filter((reading) => reading !== null);
    },
    close: async () => undefined,
  };
}
