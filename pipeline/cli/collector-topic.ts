import { encodeSnapshot } from '../../avro/codec.ts';
import type { Held } from '../../connectors/gather.ts';
import type { TopicNews } from '../../connectors/outbox.ts';
import { openPatiently, type PatientProducer } from '../../connectors/patient-producer.ts';
import { recut } from '../../connectors/recut.ts';
import { Notebook } from '../../connectors/spool/notebook.ts';
import type { Spool } from '../../connectors/spool/spool.ts';
import { ensureTopic } from '../kafka/admin.ts';
import type { Cluster } from '../kafka/cluster.ts';
import { partitionOf } from '../kafka/murmur2.ts';
import { openProducer } from '../kafka/producer.ts';
import type { RawProducer } from '../kafka/raw-producer.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Settings } from './composition.ts';

/** The raw topic of a collector: how to write to it, and what is remembered of it. */
export interface RawTopic {
  readonly producer: PatientProducer;
  readonly notebook: Notebook | null;
  /** Nothing: there is no spool that could hold what was cut for another number of partitions. */
  readonly topic: { readonly topic?: TopicNews };
}

interface Deps {
  readonly config: Settings;
  readonly runtime: Pick<Runtime, 'clock' | 'report'>;
  readonly cluster: Cluster;
}

/**
 * Makes sure of the raw topic and opens a producer. Where there is a spool, brokers that do not answer are waited for
 * afterwards: until then the topic is taken to have as many partitions as it had, or as it would be made with. Rejects with a KafkaError.
 */
export async function openRaw({ config, runtime, cluster }: Deps, spool: Spool | undefined): Promise<RawTopic> {
  const { clock, report } = runtime;
  const { topics, partitions, replication } = config.kafka;
  const open = async (): Promise<RawProducer> => {
    await ensureTopic(cluster, { name: topics.raw, partitions, replication });
    return openProducer(cluster, topics.raw);
  };
  const { directory } = config.collector.spool;
  if (directory === undefined || spool === undefined) {
    const producer = await openPatiently({ open, topic: topics.raw, presumed: null, clock, report });
    return { producer, notebook: null, topic: {} };
  }
  const notebook = await Notebook.open(directory, report);
  const { raw } = notebook.notes;
  const presumed = raw?.topic === topics.raw ? raw.partitions : partitions;
  const producer = await openPatiently({ open, topic: topics.raw, presumed, clock, report });
  const told = producer.told.then(async (found) => {
    if (raw?.topic !== topics.raw || raw.partitions !== found)
      await notebook.write({ raw: { topic: topics.raw, partitions: found } });
  });
  return { producer, notebook, topic: { topic: { told, recut: recutUntilDone(producer) } } };
}

/** What was cut before Kafka told the number comes first; when it is through, nothing has to be looked at any more. */
function recutUntilDone(producer: PatientProducer): TopicNews['recut'] {
  let isThrough = false;
  return (parcels, areSpooled) => {
    if (isThrough) return parcels;
    const { partitions } = producer;
    const options = { partitions, partitionOf, encode: encodeSnapshot };
    const cut: readonly Held[] = parcels.flatMap((parcel) => recut(parcel, options));
    isThrough = !areSpooled && cut.every((parcel, index) => parcel === parcels[index]);
    return cut;
  };
}
