import { describe, expect, it } from 'vitest';
import { listenTcp } from '../../../pipeline/sinks/tcp/listener.ts';
import { tcp, tcpConfig } from '../../../pipeline/sinks/tcp/tcp.ts';
import { aContext } from '../sinks/a-context.ts';
import { aSample } from '../sinks/a-sample.ts';
import { run } from './test-parts.ts';

describe('listen tcp', () => {
  it('prints what a sink sends, exact, with the verdict on its signature', async () => {
    const sent: Promise<void>[] = [];
    const publish = (text: string) => {
      const port = Number(/listening on 127\.0\.0\.1:(\d+)/.exec(text)?.[1]);
      if (!port) return;
      const sink = tcp.create(
        tcpConfig.parse({ type: 'tcp', host: '127.0.0.1', port, secret: 'a' }),
        aContext().context,
      );
      const batch = [aSample({ volume: 2n ** 64n - 1n }), aSample({ name: 'memory' })];
      sent.push(sink.publish(batch, new AbortController().signal).finally(() => sink.close()));
    };
    const words = ['listen', 'tcp', '--port', '0', '--count', '2', '--secret', 'a', '-o', 'json'];
    const { code, stdout, stderr } = await run(words, { listenTcp, onStderr: publish });
    await Promise.all(sent);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toHaveLength(3);
    expect(stdout).toContain('"counter_volume":18446744073709551615,');
    expect(stdout).toContain('"signature":"valid"');
    expect(stderr).toContain('{"meters":2,"faults":0}');
  });

  it('says that its port is taken', async () => {
    const other = await listenTcp(
      { host: '127.0.0.1', port: 0 },
      () => {},
      () => {},
    );
    const ran = await run(['listen', 'tcp', '--port', String(other.port)], { listenTcp });
    await other.close();
    expect(ran).toMatchObject({ code: 69, stdout: '' });
    expect(ran.stderr).toContain(`cannot listen on 127.0.0.1:${other.port}: another program listens there`);
  });

  it('explains itself', async () => {
    const { code, stdout } = await run(['listen', 'tcp', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('hypermeter listen tcp --port 4952 --secret-file telemetry_secret --for 30s');
  });
});
