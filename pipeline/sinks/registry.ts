import { z } from 'zod';
import { amqp } from './amqp/amqp.ts';
import { choosing } from './choose.ts';
import { counted, isolating, measured, retrying } from './delivery.ts';
import { type Delivery, fanout } from './fanout.ts';
import { file } from './file/file.ts';
import { http } from './http/http.ts';
import { kafka } from './kafka/kafka.ts';
import { createLane, type Lane } from './lane.ts';
import { otlp } from './otlp/otlp.ts';
import { prometheus } from './prometheus/prometheus.ts';
import { type Sink, type SinkContext, SinkError } from './sink.ts';
import { stdout } from './stdout/stdout.ts';
import type { Subscription } from './subscription.ts';
import { tcp } from './tcp/tcp.ts';
import { transforming } from './transforming.ts';
import { udp } from './udp/udp.ts';
import { inUnits } from './units.ts';

/** One entry of `sinks:`: its `type` decides what else it holds. */
export const sinkConfig = z.discriminatedUnion('type', [
  amqp.schema,
  udp.schema,
  tcp.schema,
  kafka.schema,
  file.schema,
  stdout.schema,
  http.schema,
  prometheus.schema,
  otlp.schema,
]);
export type SinkConfig = z.infer<typeof sinkConfig>;

/** Every kind of sink there is. */
export const SINK_KINDS = [
  amqp.kind,
  udp.kind,
  tcp.kind,
  kafka.kind,
  file.kind,
  stdout.kind,
  http.kind,
  prometheus.kind,
  otlp.kind,
] as const;

/** The sink that an entry describes, bare; no I/O yet. */
export function createSink(config: SinkConfig, context: SinkContext): Sink {
  switch (config.type) {
    case 'amqp':
      return amqp.create(config, context);
    case 'udp':
      return udp.create(config, context);
    case 'tcp':
      return tcp.create(config, context);
    case 'kafka':
      return kafka.create(config, context);
    case 'file':
      return file.create(config, context);
    case 'stdout':
      return stdout.create(config, context);
    case 'http':
      return http.create(config, context);
    case 'prometheus':
      return prometheus.create(config, context);
    case 'otlp':
      return otlp.create(config, context);
  }
}

/**
 * What the pipeline delivers to: each entry gets what it subscribed to in a lane of its own, tried again and measured,
 * none stopping the others. Throws a SinkError where two have one name.
 */
export function createDelivery(configs: readonly SinkConfig[], context: SinkContext): Delivery {
  const lanes = configs.map((config) => laneOf(config, createSink(config, context), context));
  const delivery = fanout(lanes);
  const twice = delivery.sinks.find((name, index, all) => all.indexOf(name) !== index);
  if (twice) throw new SinkError(twice, 'two sinks have this name: set a different `name` for one of them');
  return delivery;
}

function laneOf(config: Subscription, bare: Sink, context: SinkContext): Lane {
  const { outbox, transformers } = config;
  const { sink, attempts } = counted(bare);
  const patient = isolating(retrying(measured(sink, context), context), context);
  const choose = choosing(config);
  return createLane(
    transforming(patient, transformers, context),
    { ...outbox, choose: (all) => inUnits(choose(all), config.units), tracing: context.tracing, attempts },
    context.report,
  );
}
