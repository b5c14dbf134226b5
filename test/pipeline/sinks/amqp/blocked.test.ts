import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { available } from '../../../services/service.ts';
import { aSink, idsIn, never, rabbitmqctl, samples, servicesDir } from './a-rabbit.ts';

const run = promisify(execFile);
const PORT = 15683;
const EPMD_PORT = 14379;

/** An alarm stops every publisher of a node: it takes one that nobody else uses. */
describe.skipIf(!(await available('rabbit')))('a broker that blocks [rabbit]', () => {
  let directory: string;
  const ctl = (...args: string[]) => rabbitmqctl(args, directory);

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypermeter-rabbit-'));
    const env = {
      ...process.env,
      RABBIT_DIR: directory,
      RABBIT_PORT: String(PORT),
      RABBIT_TLS_PORT: '15681',
      RABBIT_DIST_PORT: '25683',
      EPMD_PORT: String(EPMD_PORT),
      TLS_DIR: `${servicesDir}/tls`,
    };
    await run(fileURLToPath(new URL('../../../services/start-rabbit.sh', import.meta.url)), { env });
  });
  afterAll(async () => {
    await ctl('shutdown');
    await run('epmd', ['-port', String(EPMD_PORT), '-kill']);
    await rm(directory, { recursive: true });
  });

  it('is told apart from one that is silent, and its messages are not sent twice', async () => {
    const url = `amqp://guest:guest@127.0.0.1:${PORT}/`;
    const { sink } = aSink({ url, confirmTimeout: '1s', batch: { samples: 1 } });
    await sink.open?.(never);
    await ctl('set_disk_free_limit', '1000000GB');
    const batch = samples(3);
    await expect(sink.publish(batch, never)).rejects.toThrow(
      /within 1 s: the broker blocks publishers \(low on disk\)/,
    );
    await expect(sink.publish(batch, never)).rejects.toThrow(/blocks publishers/);
    const stop = new AbortController();
    const stopped = sink.publish(batch, stop.signal);
    stop.abort(new Error('told to stop'));
    await expect(stopped).rejects.toThrow('told to stop');
    await ctl('set_disk_free_limit', '50MB');
    await sink.publish(batch, never);
    const model = await connect(url);
    const channel = await model.createChannel();
    const messages = [];
    for (let index = 0; index < 4; index++) {
      const message = await channel.get('notifications.sample', { noAck: true });
      if (message) messages.push(message);
    }
    expect(idsIn(messages)).toEqual(['id-0', 'id-1', 'id-2']);
    await model.close();
    await sink.close();
  });

  it('lets go of a sink that is closed meanwhile', async () => {
    const { sink } = aSink({ url: `amqp://guest:guest@127.0.0.1:${PORT}/`, confirmTimeout: '200ms' });
    await ctl('set_disk_free_limit', '1000000GB');
    await expect(sink.publish(samples(1), never)).rejects.toThrow(/blocks publishers/);
    await sink.close();
    await ctl('set_disk_free_limit', '50MB');
  });
});
