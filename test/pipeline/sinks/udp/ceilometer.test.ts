import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../pipeline/runtime/clock.ts';
import { exactJson } from '../../../../pipeline/runtime/json.ts';
import { type MessageOptions, meterMessage } from '../../../../pipeline/sinks/meter-message.ts';
import { udp, udpConfig } from '../../../../pipeline/sinks/udp/udp.ts';
import { faultOf } from '../../../../pipeline/sinks/validate.ts';
import { available, ceilometerPython } from '../../../services/service.ts';
import { messageOf } from '../a-message.ts';
import { arbitrarySample } from '../arbitrary-sample.ts';

const script = (name: string) => fileURLToPath(new URL(`../../../services/ceilometer/${name}`, import.meta.url));
const SECRET = 'a secret of this test';
const COUNT = 400;
/** Its libraries warn of each other's age. */
const env = { ...process.env, PYTHONWARNINGS: 'ignore' };

const samples = fc.sample(arbitrarySample, { numRuns: COUNT, seed: 20_261_122 });

/** A judge's exit status. */
async function ended(judge: ChildProcess): Promise<number | null> {
  if (judge.exitCode === null) await once(judge, 'exit');
  return judge.exitCode;
}

describe.skipIf(!(await available('ceilometer')))('Ceilometer as the judge [ceilometer]', () => {
  it('is given nothing that we would keep back', () => {
    expect(samples.filter((sample) => faultOf(sample))).toEqual([]);
  });

  it('sends the same bytes for the same samples', async () => {
    const options: MessageOptions = {
      source: 'openstack',
      publisherId: null,

      timestamps: 'naive',
      annotate: false,
      secret: SECRET,
    };
    const received: string[] = [];
    const socket = createSocket({ type: 'udp4', recvBufferSize: 8_388_608 });
    socket.on('message', (datagram) => received.push(datagram.toString('hex')));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const publisher = spawn(ceilometerPython, [script('udp_publish.py'), String(socket.address().port), SECRET], {
      stdio: ['pipe', 'ignore', 'inherit'],
      env,
    });
    publisher.stdin.end(samples.map((sample) => `${exactJson(meterMessage(sample, options))}\n`).join(''));
    expect(await ended(publisher)).toBe(0);
    await expect.poll(() => received.length, { timeout: 5000 }).toBe(COUNT);
    socket.close();
    expect(samples.map((sample) => Buffer.from(messageOf(sample, options)).toString('hex'))).toEqual(received);
  });

  it.each([
    ['as configured by default', {}],
    ["with Ceilometer's keys and times", { publisherId: false, timestamps: 'naive' }],
    ['with annotations', { annotate: true }],
  ])('accepts every sample %s', async (_what, config) => {
    const judge = spawn(ceilometerPython, [script('udp_accept.py'), SECRET, String(COUNT), '20'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env,
    });
    const verdict = await publishTo(judge, { ...config, secret: SECRET });
    expect(verdict).toEqual({ datagrams: COUNT, problems: {} });
    expect(await ended(judge)).toBe(0);
  });

  it('refuses every sample that another secret signed', async () => {
    const judge = spawn(ceilometerPython, [script('udp_accept.py'), SECRET, String(COUNT), '20'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env,
    });
    const verdict = await publishTo(judge, { secret: 'another' });
    expect(verdict).toEqual({ datagrams: COUNT, problems: { message_signature: COUNT } });
    expect(await ended(judge)).toBe(1);
  });
});

/** Publishes the samples through the sink to the port that the judge names; gives its verdict. */
async function publishTo(judge: ChildProcess, config: object): Promise<unknown> {
  if (!judge.stdout) throw new Error('the judge has no output');
  const lines = createInterface(judge.stdout)[Symbol.asyncIterator]();
  const port = Number((await lines.next()).value);
  const context = { clock: systemClock, publisherId: 'dev', keep: async () => undefined, report: () => {} };
  const sink = udp.create(udpConfig.parse({ type: 'udp', host: '127.0.0.1', port, ...config }), context);
  await sink.publish(samples, new AbortController().signal);
  await sink.close();
  return JSON.parse((await lines.next()).value ?? 'null');
}
