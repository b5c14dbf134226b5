import { z } from 'zod';
import { amqp } from './amqp/amqp.ts';
import { measured, retrying } from './delivery.ts';
import { fanout } from './fanout.ts';
import { file } from './file/file.ts';
import { kafka } from './kafka/kafka.ts';
import { type Sink, type SinkContext, SinkError } from './sink.ts';
import { stdout } from './stdout/stdout.ts';
import { udp } from './udp/udp.ts';

/** One entry of `sinks:`: its `type` decides what else it holds. */
export const sinkConfig = z.discriminatedUnion('type', [
  udp.schema,
  amqp.schema,
  kafka.schema,
  file.schema,
  stdout.schema,
]);
export type SinkConfig = z.infer<typeof sinkConfig>;

/** Every kind of sink there is. */
export const SINK_KINDS = [udp.kind, amqp.kind, kafka.kind, file.kind, stdout.kind] as const;

/** The sink that an entry describes, bare; no I/O yet. */
export function createSink(config: SinkConfig, context: SinkContext): Sink {
  switch (config.type) {
    case 'udp':
      return udp.create(config, context);
    case 'amqp':
      return amqp.create(config, context);
    case 'kafka':
      return kafka.create(config, context);
    case 'file':
      return file.create(config, context);
    case 'stdout':
      return stdout.create(config, context);
  }
}

/**
 * All entries as the one sink the pipeline publishes to: each retried and measured on its own, none stopping the
 * others. Throws a SinkError where two have one name.
 */
export function createDelivery(configs: readonly SinkConfig[], context: SinkContext): Sink {
  const sinks = configs.map((config) => createSink(config, context));
  const names = sinks.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) throw new SinkError(twice, 'two sinks have this name: set a different `name` for one of them');
  return fanout(sinks.map((sink) => retrying(measured(sink, context), context)));
}
