import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import rdkafka from 'node-rdkafka';
import { unique } from '../../pipeline/kafka/fixtures.ts';
import { ceilometerPython } from '../../services/service.ts';
import { startAgent } from '../agent.ts';
import { GUESTS } from '../guests.ts';
import type { Reading } from '../judge.ts';
import { INTERVAL_S, type Metered, type Place, type Program, readingOf } from './program.ts';

/** What the release's own polling.yaml has of instances, and its growth of nics, which costs no further call. */
const METERS = [
  ...['power.state', 'cpu', 'memory.available', 'memory.usage'],
  ...['incoming.bytes', 'incoming.packets', 'outgoing.bytes', 'outgoing.packets'].map((name) => `network.${name}`),
  ...['read.bytes', 'read.requests', 'write.bytes', 'write.requests'].map((name) => `disk.device.${name}`),
  'network.outgoing.bytes.delta',
];

/** The polling agent with discovery by libvirt's metadata; its samples are taken from its Kafka topic. */
export async function ceilometer({ uri, folder, brokers }: Place): Promise<Program> {
  const topic = unique('compare');
  const config = join(folder, 'ceilometer.conf');
  const words = [
    ...['[DEFAULT]', `transport_url = kafka://${brokers}/`, 'use_stderr = true', 'host = compare'],
    ...[`libvirt_uri = ${uri}`, `pollsters_definitions_dirs = ${folder}/none`],
    ...['[compute]', 'instance_discovery_method = libvirt_metadata', 'fetch_extra_metadata = false'],
    ...['[polling]', `cfg_file = ${folder}/polling.yaml`],
    ...['[oslo_messaging_notifications]', `topics = ${topic}`],
    // It wants to know an identity service, and asks it nothing.
    ...['[service_credentials]', 'auth_type = password', 'auth_url = http://127.0.0.1:9/v3', 'username = nobody'],
    ...['password = none', 'project_name = none', 'user_domain_id = default', 'project_domain_id = default'],
  ];
  writeFileSync(config, words.join('\n'));
  const source = { name: 'instances', interval: INTERVAL_S, meters: METERS };
  writeFileSync(join(folder, 'polling.yaml'), JSON.stringify({ sources: [source] }));
  mkdirSync(join(folder, 'none'));

  const readings: Reading[] = [];
  const settings = { 'bootstrap.servers': brokers, 'group.id': topic, 'topic.metadata.refresh.interval.ms': 1000 };
  const consumer = new rdkafka.KafkaConsumer(settings, { 'auto.offset.reset': 'earliest' });
  await new Promise<void>((resolve, reject) => consumer.connect({}, (error) => (error ? reject(error) : resolve())));
  consumer.subscribe([`${topic}.sample`]);
  consumer.on('data', ({ value }) => {
    if (value !== null) readings.push(...readingsOf(value.toString()));
  });
  consumer.consume();
  const command = join(dirname(ceilometerPython), 'ceilometer-polling');
  return {
    name: 'Ceilometer',
    rules: ['omit', 'zero', 'own'],
    cpu: 'vcpu',
    start: () =>
      startAgent(command, ['--polling-namespaces', 'compute', '--config-file', config], join(folder, 'log'), {
        PYTHONWARNINGS: 'ignore',
      }),
    readings: () => readings,
    close: () => new Promise((resolve) => consumer.disconnect(() => resolve())),
  };
}

/** The readings of a notification as oslo.messaging wraps it. */
function readingsOf(message: string): readonly Reading[] {
  const { payload } = JSON.parse(JSON.parse(message)['oslo.message']);
  return (payload.samples as readonly Metered[])
    .map((sample) => readingOf(sample, GUESTS))
    .filter((reading) => reading !== null);
}
