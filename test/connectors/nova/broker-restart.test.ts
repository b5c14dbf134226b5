import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type ChannelModel, connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Poll } from '../../../connectors/connector.ts';
import { rabbitmqctl, servicesDir } from '../../pipeline/sinks/amqp/a-rabbit.ts';
import { available } from '../../services/service.ts';
import { listening } from './a-nova.ts';
import { enveloped, sample, stamped } from './samples.ts';

const run = promisify(execFile);
const PORT = 15693;
const EPMD_PORT = 14389;
const URL_OF_IT = `amqp://guest:guest@127.0.0.1:${PORT}/`;
const within = { timeout: 60_000, interval: 50 };

/** A broker that is stopped and started: one that nobody else uses. */
describe.skipIf(!(await available('rabbit')))('a broker that is started anew [rabbit]', () => {
  let directory: string;
  const ctl = (...args: string[]) => rabbitmqctl(args, directory);

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypermeter-nova-rabbit-'));
    const env = {
      ...process.env,
      RABBIT_DIR: directory,
      RABBIT_PORT: String(PORT),
      RABBIT_TLS_PORT: '15691',
      RABBIT_DIST_PORT: '25693',
      EPMD_PORT: String(EPMD_PORT),
      TLS_DIR: `${servicesDir}/tls`,
    };
    await run(fileURLToPath(new URL('../../services/start-rabbit.sh', import.meta.url)), { env });
  });
  afterAll(async () => {
    await ctl('shutdown');
    await run('epmd', ['-port', String(EPMD_PORT), '-kill']);
    await rm(directory, { recursive: true });
  });

  const withChannel = async (work: (model: ChannelModel) => Promise<unknown>): Promise<void> => {
    const model = await connect(URL_OF_IT);
    try {
      await work(model);
    } finally {
      await model.close();
    }
  };
  const declareExchange = () =>
    withChannel(async (model) => {
      const channel = await model.createChannel();
      await channel.assertExchange('nova', 'topic', { durable: false, autoDelete: false });
    });

  it('keeps what was in the queue; the exchange is nova’s to make again, and is bound again', async () => {
    await declareExchange();
    const polls: Poll[] = [];
    let hold = true;
    const { outcomes, lost, connected, stop } = listening({ url: URL_OF_IT, prefetch: 5 }, (poll) => {
      polls.push(poll);
      return hold && poll.calls > 0 ? undefined : true;
    });
    await vi.waitFor(() => expect(connected()).toBe(1), within);
    const ids = Array.from({ length: 8 }, () => randomUUID());
    await withChannel(async (model) => {
      const channel = await model.createConfirmChannel();
      for (const id of ids) {
        const body = enveloped(stamped(sample('versioned/instance-update'), { message_id: id }));
        channel.publish('nova', 'versioned_notifications.info', body, { deliveryMode: 2 });
      }
      await channel.waitForConfirms();
    });
    await vi.waitFor(() => expect(outcomes()).toHaveLength(5), within);
    await ctl('stop_app');
    await vi.waitFor(() => expect(lost().length).toBeGreaterThan(0), within);
    await ctl('start_app');
    // It was not durable.
    await vi.waitFor(() => expect(lost().at(-1)).toMatch(/no exchange 'nova'/), within);
    await declareExchange();
    await vi.waitFor(() => expect(connected()).toBe(2), within);
    await vi.waitFor(() => expect(outcomes().filter((outcome) => outcome === 'duplicate')).toHaveLength(5), within);
    hold = false;
    for (const poll of polls.filter(({ calls }) => calls > 0)) poll.settled?.(true);
    await vi.waitFor(() => expect(outcomes().filter((outcome) => outcome === 'applied')).toHaveLength(8), within);
    await withChannel(async (model) => {
      const channel = await model.createConfirmChannel();
      channel.publish('nova', 'notifications.info', enveloped(stamped(sample('legacy/instance-exists'))));
      await channel.waitForConfirms();
    });
    await vi.waitFor(() => expect(outcomes().filter((outcome) => outcome === 'applied')).toHaveLength(9), within);
    stop();
  });
});
