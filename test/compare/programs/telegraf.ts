import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bin } from '../../services/service.ts';
import { startAgent } from '../agent.ts';
import { GUESTS } from '../guests.ts';
import type { Meter, Reading } from '../judge.ts';
import { exact, INTERVAL_S, linesOf, type Place, type Program } from './program.ts';

/** A metric as its JSON serializer writes it; the time in s. */
interface Metric {
  readonly name: string;
  readonly fields: Readonly<Record<string, number>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly timestamp: number;
}

const FIELDS: Readonly<Record<string, readonly [field: string, meter: Meter]>> = {
  libvirt_cpu: ['time', 'cpu'],
  libvirt_block: ['wr_bytes', 'written'],
  libvirt_net: ['tx_bytes', 'sent'],
};

/** Its libvirt input as it is by default, and its file output. */
export function telegraf({ uri, folder }: Place): Program {
  const [config, out] = [join(folder, 'telegraf.conf'), join(folder, 'metrics.jsonl')];
  const words = [
    ...['[agent]', `interval = "${INTERVAL_S}s"`, 'flush_interval = "1s"', 'omit_hostname = true'],
    ...['[[inputs.libvirt]]', `libvirt_uri = "${uri}"`],
    ...['[[outputs.file]]', `files = ["${out}"]`, 'data_format = "json"'],
  ];
  writeFileSync(config, words.join('\n'));
  return {
    name: 'Telegraf',
    rules: ['omit', 'zero'],
    cpu: 'cpu',
    start: () => startAgent(join(bin, 'telegraf'), ['--config', config], join(folder, 'log')),
    readings: () => (linesOf(out) as readonly Metric[]).map(readingOf).filter((reading) => reading !== null),
    close: async () => undefined,
  };
}

function readingOf({ name, fields, tags, timestamp }: Metric): Reading | null {
  const [field, meter] = FIELDS[name] ?? [];
  const value = field === undefined ? undefined : fields[field];
  const guest = GUESTS.find((each) => each.name === tags.domain_name);
  // Where QEMU tells nothing of its disk, the metric lacks the field.
  if (guest === undefined || meter === undefined || value === undefined) return null;
  return { guest: guest.name, meter, kind: 'counter', at: timestamp * 1000, value: exact(value) };
}
