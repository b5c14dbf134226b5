import { available } from '../../services/service.ts';
import { inProcess, median, repeated } from '../measure.ts';
import type { Line, Section } from '../table.ts';
import type { AmqpAnswer, AmqpArgs } from '../variants/amqp.ts';
import type { Plan } from './plan.ts';

const URL = 'amqp://guest:guest@127.0.0.1:15673/';
const BATCHED = 200;
/** What many samples in a message must give over one in each, both with 64 messages in flight. */
const LEAST_RATIO = 12;

/** How fast a RabbitMQ confirms samples: many in a message against one in each. */
export async function amqpSection(plan: Plan): Promise<Section> {
  const title = 'AMQP, 64 messages in flight, confirmed';
  if (!(await available('rabbit')))
    return {
      title,
      lines: [],
      remarks: ['NOT MEASURED: no RabbitMQ at 127.0.0.1:15673: test/services/start-rabbit.sh'],
    };
  const speed = async (perMessage: number, batches: number): Promise<AmqpAnswer> => {
    const args: AmqpArgs = { url: URL, perMessage, batches };
    const runs = await repeated(plan.runs, () => inProcess<AmqpArgs, AmqpAnswer>('amqp', args));
    return median(runs, ({ samplesPerSecond }) => samplesPerSecond);
  };
  const single = await speed(1, plan.quick ? 1 : 3);
  const batched = await speed(BATCHED, plan.quick ? 5 : 15);
  const ratio = batched.samplesPerSecond / single.samplesPerSecond;
  const lines = [[`${BATCHED} samples a message`, batched] as const, ['1 sample a message', single] as const].flatMap(
    ([what, { samplesPerSecond, cpuNsPerSample, messagesPer1000 }]): readonly Line[] => [
      {
        what,
        value: samplesPerSecond,
        unit: 'samples/s',
        ratio: samplesPerSecond / single.samplesPerSecond,
        against: 'one sample a message',
      },
      { what: `${what}, CPU of the sink`, value: cpuNsPerSample, unit: 'ns/sample', ratio: null, against: '' },
      { what: `${what}, messages`, value: messagesPer1000, unit: 'per 1000 samples', ratio: null, against: '' },
    ],
  );
  const remarks = ratio < LEAST_RATIO ? [`TOO SLOW: ${ratio.toFixed(1)} times one a message, not ${LEAST_RATIO}`] : [];
  return { title, lines, remarks };
}
