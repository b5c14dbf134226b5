import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listenUdp } from '../../pipeline/sinks/udp/listener.ts';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { available } from '../services/service.ts';
import { startVerifier } from '../system/ceilometer-agent.ts';
import { metricsOf, ready, startProgram } from '../system/child.ts';

const run = promisify(execFile);
const services = (name: string) => fileURLToPath(new URL(`../services/${name}`, import.meta.url));
const PORT = 15773;
const SECRET = 'a secret of the test';
const WINDOW_S = 2;
/** How long the broker is away. */
const AWAY_S = Number(process.env.HYPERMETER_AWAY_S ?? 20);

/** A RabbitMQ of the test's own, with what it keeps over a restart. */
function aRabbit() {
  const directory = mkdtempSync(join(tmpdir(), 'hypermeter-rabbit-'));
  const env = {
    ...process.env,
    SVC_RUN: directory,
    ...{ RABBIT_PORT: `${PORT}`, RABBIT_TLS_PORT: `${PORT + 1}`, RABBIT_DIST_PORT: '25773', EPMD_PORT: '14469' },
  };
  const stop = () => run(services('stop.sh'), ['rabbit'], { env });
  onTestFinished(async () => {
    await stop();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);
  return { start: () => run(services('start-rabbit.sh'), { env }), stop };
}

const here = (await Promise.all((['rabbit', 'kafka', 'ceilometer'] as const).map(available))).every(Boolean);

describe.skipIf(!here)('a RabbitMQ that is stopped in the middle [rabbit] [kafka] [ceilometer]', () => {
  it('delays and loses nothing, and UDP goes on', { timeout: 240_000 + 2000 * AWAY_S }, async ({ annotate }) => {
    const rabbit = aRabbit();
    await rabbit.start();
    const received: { id: string; at: number; end: string }[] = [];
    const ear = await listenUdp(
      { host: '127.0.0.1', port: 0, secret: SECRET },
      ({ message, signature }) => {
        expect(signature).toBe('valid');
        received.push({ id: String(message.message_id), at: Date.now(), end: String(message.timestamp) });
      },
      ({ error }) => {
        throw error;
      },
    );
    onTestFinished(() => ear.close());
    const name = unique('away');
    const directory = mkdtempSync(join(tmpdir(), 'hypermeter-away-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const [config, path] = [join(directory, 'hypermeter.yaml'), join(directory, 'meters.jsonl')];
    const url = `amqp://guest:guest@127.0.0.1:${PORT}//`;
    writeFileSync(
      config,
      JSON.stringify({
        kafka: { brokers: ['127.0.0.1:19092'], topics: { raw: name, deadLetters: `${name}.dead` }, group: name },
        collector: { interval: '1s', linger: '20ms' },
        connectors: [{ name: 'sim', type: 'simulator', hosts: 2, instances: 10, faults: 'none' }],
        pipeline: { windows: [{ size: `${WINDOW_S}s` }], reorder: '1s' },
        sinks: [
          { type: 'amqp', url, name: 'bus', topic: name, durable: true, secret: SECRET },
          { type: 'udp', host: '127.0.0.1', port: ear.port, secret: SECRET },
          // Of one piece, however long it takes.
          { type: 'file', path, maxBytes: '1GiB' },
        ],
        ops: { listen: '127.0.0.1:0' },
      }),
    );
    const child = startProgram(['run', '-c', config]);
    await ready(child);
    const windows = (from = 0) => new Set(received.filter(({ at }) => at >= from).map(({ end }) => end)).size;
    await expect.poll(windows, { timeout: 60_000 }).toBeGreaterThan(2);

    await rabbit.stop();
    const stoppedAt = Date.now();
    await new Promise((resolve) => setTimeout(resolve, AWAY_S * 1000));
    const meanwhile = windows(stoppedAt);
    const waiting = await metricsOf(child);
    await rabbit.start();
    await expect.poll(windows, { timeout: 60_000 }).toBeGreaterThan(meanwhile + 4);
    const backlog = async () => (await metricsOf(child)).get('hypermeter_sink_waiting_samples{sink="bus"}');
    await expect.poll(backlog, { timeout: 60_000, interval: 100 }).toBe(0);
    child.kill('SIGTERM');
    expect(await child.exit, child.stderr()).toEqual({ code: 0, signal: null });

    // UDP went on: a window every two seconds, but for those that were closing.
    expect(meanwhile).toBeGreaterThanOrEqual(AWAY_S / WINDOW_S - 3);
    expect(waiting.get('hypermeter_sink_waiting_samples{sink="bus"}')).toBeGreaterThan(0);
    const published = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
    const ids = new Set(published.map((line) => String(JSON.parse(line).message_id)));
    const seen = await startVerifier(SECRET, 'queue', url, `${name}.sample`);
    await expect.poll(() => seen.length, { timeout: 180_000 }).toBeGreaterThanOrEqual(ids.size);
    expect(new Set(seen.map(({ message_id }) => message_id))).toEqual(ids);
    expect(seen.filter(({ signed }) => !signed)).toEqual([]);
    expect(new Set(received.map(({ id }) => id))).toEqual(ids);
    await annotate(
      `away ${AWAY_S} s: ${ids.size} samples, ${seen.length - ids.size} came twice, ${meanwhile} windows by UDP`,
    );
  });
});
