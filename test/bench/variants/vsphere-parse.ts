import { SaxesParser } from 'saxes';
import { resolveCounters, VM_COUNTERS } from '../../../connectors/vsphere/counters.ts';
import { decodeSamples, nothingMissing } from '../../../connectors/vsphere/decode.ts';
import { isPhysicalNic, type Layout } from '../../../connectors/vsphere/layout.ts';
import { queryPerf } from '../../../connectors/vsphere/methods.ts';
import { type EntitySamples, readPerf } from '../../../connectors/vsphere/perf-answer.ts';
import { readAnswer } from '../../../connectors/vsphere/protocol.ts';
import { PLACES } from '../../fakes/vsphere/places.ts';
import { bench } from '../../fakes/vsphere/plain-client.ts';
import { answer, cpuNs, given } from '../measure.ts';

export interface ParseArgs {
  readonly reader: 'saxes' | 'saxes-xmlns' | 'samples' | 'rows';
  readonly form: 'csv' | 'normal';
  /** Samples of each of the machines. */
  readonly samples: number;
  readonly machines: number;
}
/** Nanoseconds for one answer, of one of several passes; its bytes and values. */
export interface ParseAnswer {
  readonly ns: number;
  readonly bytes: number;
  readonly values: number;
}

/** As HTTP clients give them. */
const PIECE = 65_536;
const MEASURED_NS = 2e9;

async function measure({ reader, form, samples, machines }: ParseArgs): Promise<ParseAnswer> {
  const { fake, client } = await bench(machines, {
    checksRequests: false,
    statistics: { ignoresCsv: form === 'normal' },
  });
  const table = new Map([...fake.service.counters].map(([id, { name }]) => [name, id]));
  const vm = resolveCounters(VM_COUNTERS, [], table);
  const queries = [...fake.service.world.machines.keys()].map((id) => ({
    entity: { type: 'VirtualMachine', id },
    metrics: vm.metrics,
    startTime: null,
    maxSample: samples,
  }));
  const { body } = queryPerf({ type: 'PerformanceManager', id: PLACES.vcenter.perfManager.value }, queries);
  const { text } = await client.call('QueryPerf', PLACES.vcenter.perfManager, body);
  await fake.close();
  const bytes = Buffer.from(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / PIECE) }, (_, n) =>
    bytes.subarray(n * PIECE, (n + 1) * PIECE),
  );
  const layout: Layout = {
    kind: 'vm',
    vcpus: 2n,
    memory: null,
    nics: [{ instance: '4000', id: '00:50:56:00:00:01' }],
    disks: [{ instance: 'scsi0:0', capacity: null }],
  };
  const span = { after: null, seen: null, until: Number.MAX_SAFE_INTEGER, never: Number.MAX_SAFE_INTEGER };
  let values = 0;
  const pass = async (): Promise<void> => {
    if (reader === 'saxes' || reader === 'saxes-xmlns') return parse(pieces, reader === 'saxes-xmlns');
    values = 0;
    const take = (one: EntitySamples): void => {
      values += one.series.length * one.samples.length;
      if (reader === 'rows') decodeSamples(one, layout, vm, span, nothingMissing());
    };
    const { handler } = readPerf(take, machines, (_, instance) => isPhysicalNic(instance));
    await readAnswer('QueryPerf', each(pieces), handler);
  };
  for (let warmUp = 0; warmUp < 5; warmUp++) await pass();
  const since = cpuNs();
  let passes = 0;
  while (cpuNs() - since < MEASURED_NS) {
    await pass();
    passes++;
  }
  return { ns: (cpuNs() - since) / passes, bytes: bytes.length, values };
}

/** The parser alone, with everybody listening whom a reader needs. */
function parse(pieces: readonly Buffer[], xmlns: boolean): void {
  const parser = new SaxesParser({ xmlns });
  let seen = 0;
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', () => seen++);
  parser.on('text', () => seen++);
  parser.on('closetag', () => seen++);
  const decoder = new TextDecoder();
  for (const piece of pieces) parser.write(decoder.decode(piece, { stream: true }));
  parser.close();
}

async function* each(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces;
}

answer(await measure(given<ParseArgs>()));
