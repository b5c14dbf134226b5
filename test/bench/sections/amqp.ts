import { connect } from 'node:net';
import { inProcess, median, repeated } from '../measure.ts';
import type { Line, Section } from '../table.ts';
import type { AmqpAnswer, AmqpArgs } from '../variants/amqp.ts';
import type { Plan } from './plan.ts';

const PORT = 15_673;
const WANTED = 12;
/** More than elsewhere, since a run is short. */
const RUNS = 5;

/** Samples to RabbitMQ, confirmed, 64 messages in flight: many to a message against one each. */
export async function amqpSection(plan: Plan): Promise<Section> {
  const title = 'AMQP, confirmed, 64 messages in flight';
  if (!(await listens()))
    return { title, lines: [], remarks: [`NOT MEASURED: no RabbitMQ on ${PORT}: test/services/start-rabbit.sh`] };
  const publish = (samples: number, batches: number): Promise<AmqpAnswer> => {
    const args: AmqpArgs = { url: `amqp://127.0.0.1:${PORT}/`, samples, batches };
    return inProcess<AmqpArgs, AmqpAnswer>('amqp', args);
  };
  // In turns, so that what else the machine does meets both.
  const runs = await repeated(plan.quick ? 1 : RUNS, async () => ({
    many: await publish(1000, plan.quick ? 20 : 120),
    single: await publish(1, plan.quick ? 2 : 8),
  }));
  const middle = (answers: readonly AmqpAnswer[]) => median(answers, ({ samplesPerSecond }) => -samplesPerSecond);
  const many = middle(runs.map((run) => run.many));
  const single = middle(runs.map((run) => run.single));
  const line = (what: string, { samplesPerSecond }: AmqpAnswer): Line => ({
    what,
    value: samplesPerSecond,
    unit: 'samples/s',
    ratio: samplesPerSecond / single.samplesPerSecond,
    against: 'one sample a message',
  });
  const ratio = many.samplesPerSecond / single.samplesPerSecond;
  const perThousand = ({ messagesPerThousand }: AmqpAnswer) => messagesPerThousand.toFixed(1);
  const cpu = ({ cpuNsPerSample }: AmqpAnswer) => (cpuNsPerSample / 1000).toFixed(1);
  return {
    title,
    lines: [line('all meters of a host in a message', many), line('one sample a message', single)],
    remarks: [
      `messages per 1000 samples: ${perThousand(many)}, against ${perThousand(single)}`,
      `µs of CPU a sample: ${cpu(many)}, against ${cpu(single)}`,
      ...(ratio < WANTED ? [`TOO LITTLE: ${ratio.toFixed(1)} times as many samples, ${WANTED} are wanted`] : []),
    ],
  };
}

const listens = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: PORT });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
