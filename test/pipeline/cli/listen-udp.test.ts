import { createSocket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Listen, ReceivedMeter } from '../../../pipeline/cli/parts.ts';
import { collected } from '../runtime/collected.ts';
import { run } from './test-parts.ts';

const meter = (volume: unknown): ReceivedMeter => ({
  message: {
    counter_name: 'cpu',
    counter_type: 'cumulative',
    counter_unit: 'ns',
    counter_volume: volume,
    resource_id: 'r\u001b]0;x',
    timestamp: '2026-11-22T14:00:00+00:00',
  },
  signature: 'valid',
  from: '127.0.0.1:9',
});

/** A listener that hears what it is given as soon as it listens. */
const hearing = (meters: readonly ReceivedMeter[], faults = 0): Listen & { closed: number } => {
  const listen = Object.assign(
    (async (_options, onMessage, onFault) => {
      setImmediate(() => {
        for (let fault = 0; fault < faults; fault++) onFault({ error: new Error(`bad ${fault}`), from: '127.0.0.1:9' });
        for (const received of meters) onMessage(received);
      });
      return {
        port: 4952,
        close: async () => {
          listen.closed++;
        },
      };
    }) as Listen,
    { closed: 0 },
  );
  return listen;
};

describe('listen udp', () => {
  it('prints one object a line, exact, as many as asked', async () => {
    const listenUdp = hearing([meter(18_446_744_073_709_551_615n), meter(0.5), meter(3)], 7);
    const ran = await run(['listen', 'udp', '--count', '2', '-o', 'json'], { listenUdp });
    expect(ran.code).toBe(0);
    expect(ran.stdout.split('\n')).toHaveLength(3);
    expect(ran.stdout).toContain('"counter_volume":18446744073709551615,');
    expect(ran.stdout).toContain('"signature":"valid"');
    expect(ran.stderr.split('\n')).toEqual([
      'listening on 127.0.0.1:4952',
      ...[0, 1, 2, 3, 4].map((fault) => `127.0.0.1:9: bad ${fault}`),
      '{"meters":2,"faults":7}',
      '',
    ]);
    expect(listenUdp.closed).toBe(1);
  });

  it('prints an aligned table', async () => {
    const { stdout } = await run(['listen', 'udp', '--count', '1'], { listenUdp: hearing([meter(3n)]) });
    const [title = '', row = ''] = stdout.split('\n');
    expect(title).toMatch(/^TIMESTAMP +RESOURCE +METER +TYPE +VOLUME {2}UNIT +SIGNATURE$/);
    expect(row).toMatch(/^2026-11-22T14:00:00\+00:00 +r\?\]0;x +cpu +cumulative +3 {2}ns +valid$/);
    expect(row.indexOf('cpu ')).toBe(title.indexOf('METER'));
  });

  it('fits a terminal of 80 columns, and keeps both ends of names', async () => {
    const { message, ...rest } = meter(59_999_999_999n);
    const long = {
      ...message,
      counter_name: 'disk.device.read.bytes.delta',
      resource_id: 'aaaaaaaa-1111-2222-3333-444444444444-vda',
      timestamp: '2026-11-22T14:00:00.123456+00:00',
    };
    const listenUdp = hearing([{ ...rest, message: long }]);
    const stdout = Object.assign(collected(), { columns: 80 });
    await run(['listen', 'udp', '--count', '1'], { listenUdp, stdout });
    const [title = '', row = ''] = stdout.text.split('\n');
    expect(Math.max(title.length, row.length)).toBeLessThanOrEqual(80);
    expect(title).toMatch(/^TIMESTAMP +RESOURCE +METER +VOLUME +SIGNATURE$/);
    expect(row).toMatch(/^2026-11-22T14:00:00\S*… +aaa\S*…\S*vda +disk\S*…\S*delta +59999999999 +valid$/);
  });

  it('says how many packed datagrams were lost', async () => {
    const tally = () => ({ senders: 2, datagrams: 117, lost: 3, duplicates: 1 });
    const listenUdp: Listen = async (...args) => ({ ...(await hearing([meter(3n)])(...args)), tally });
    const table = await run(['listen', 'udp', '--count', '1'], { listenUdp });
    expect(table.stderr).toContain('1 meter, 0 other datagrams, 3 of 120 packed datagrams lost, 1 came twice\n');
    const json = await run(['listen', 'udp', '--count', '1', '-o', 'json'], { listenUdp });
    expect(JSON.parse(json.stderr.split('\n')[1] ?? '')).toEqual({ meters: 1, faults: 0, packed: tally() });
  });

  it('ends after its time, or with a signal', async () => {
    expect((await run(['listen', 'udp', '--for', '5ms'], { listenUdp: hearing([]) })).code).toBe(0);
    const signals = new EventEmitter();
    const running = run(['listen', 'udp'], { listenUdp: hearing([]), signals });
    await expect.poll(() => signals.listenerCount('SIGINT')).toBe(1);
    signals.emit('SIGINT');
    expect(await running).toMatchObject({ code: 0, stderr: expect.stringContaining('0 meters') });
    expect(signals.eventNames()).toEqual(['SIGINT']);
  });

  it('says that its port is taken', async () => {
    const other = createSocket('udp4');
    await new Promise<void>((resolve) => other.bind(0, '127.0.0.1', resolve));
    const { port } = other.address();
    const listenUdp: Listen = async (options) => {
      const socket = createSocket('udp4');
      await new Promise<void>((resolve, reject) =>
        socket.once('error', reject).bind(options.port, options.host, resolve),
      );
      return { port: options.port, close: async () => void socket.close() };
    };
    const ran = await run(['listen', 'udp', '--port', String(port)], { listenUdp });
    expect(ran).toMatchObject({ code: 69, stdout: '' });
    expect(ran.stderr).toContain(`cannot listen on 127.0.0.1:${port}: another program listens there`);
    other.close();
  });
});
