import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactJson } from '../../../../pipeline/runtime/json.ts';
import { meterMessage } from '../../../../pipeline/sinks/meter-message.ts';
import { tcp, tcpConfig } from '../../../../pipeline/sinks/tcp/tcp.ts';
import { available, ceilometerPython } from '../../../services/service.ts';
import { aContext } from '../a-context.ts';
import { arbitrarySample } from '../arbitrary-sample.ts';

const publish = fileURLToPath(new URL('../../../services/ceilometer/tcp_publish.py', import.meta.url));
const SECRET = 'a secret of this test';
const HOST = 'compute-host-1';
const samples = fc.sample(arbitrarySample, { numRuns: 300, seed: 20_261_122 });

/** All that comes over the connections to a port, until `count` of them have ended. */
async function collector() {
  const pieces: Buffer[] = [];
  let ended = 0;
  const server = createServer((socket) => {
    socket.on('data', (piece) => pieces.push(piece));
    socket.on('end', () => ended++);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const stream = () => Buffer.concat(pieces).toString('hex');
  return { port, stream, ended: () => ended, close: () => server.close() };
}

describe.skipIf(!(await available('ceilometer')))('Ceilometer as the judge [ceilometer]', () => {
  it('sends the same bytes for the same samples', async () => {
    const theirs = await collector();
    const options = { source: 'openstack', publisherId: HOST, annotate: false, secret: SECRET } as const;
    const args = [publish, String(theirs.port), SECRET, HOST];
    const publisher = spawn(ceilometerPython, args, {
      stdio: ['pipe', 'ignore', 'inherit'],
      env: { ...process.env, PYTHONWARNINGS: 'ignore' },
    });
    const lines = samples.map((sample) => exactJson(meterMessage(sample, { ...options, timestamps: 'naive' })));
    publisher.stdin.end(`${lines.join('\n')}\n`);
    const [code] = await once(publisher, 'exit');
    expect(code).toBe(0);
    await expect.poll(theirs.ended, { timeout: 5000 }).toBe(1);

    const ours = await collector();
    const config = tcpConfig.parse({
      type: 'tcp',
      host: '127.0.0.1',
      port: ours.port,
      secret: SECRET,
      timestamps: 'naive',
    });
    const sink = tcp.create(config, aContext({ publisherId: HOST }).context);
    await sink.publish(samples, new AbortController().signal);
    await sink.close();
    await expect.poll(ours.ended, { timeout: 5000 }).toBe(1);
    expect(theirs.stream().length).toBeGreaterThan(100_000);
    expect(ours.stream() === theirs.stream()).toBe(true);
    for (const each of [theirs, ours]) each.close();
  });
});
