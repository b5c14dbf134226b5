import { describe, expect, it } from 'vitest';
import { parts } from '../../../pipeline/cli/composition.ts';
import { written } from '../runtime/config/fleet.ts';
import { type Ran, runWith } from './test-parts.ts';

const OLD = `
collector: { interval: 10s }
connectors:
  - { name: kvm1, type: libvirt, uri: qemu+tcp://kvm1/system }
  - { name: vc1, type: vsphere, url: "https://vc1/sdk", username: m, password: hunter1 }
pipeline: { windows: [{ size: 60s }], reorder: 10s }
meters: [cpu, "cpu.*", memory]
state: { type: redis, url: "redis://redis:6379" }
sinks:
  - { type: amqp, url: "amqp://u:hunter1@rabbit/" }
  - { type: stdout }
`;

const diff = (before: string, after: string, ...words: string[]): Promise<Ran> =>
  runWith(parts, ['config', 'diff', written(before), written(after), ...words]);
/** The lines that differ once one thing in OLD is replaced. */
const changed = async (from: string, to: string): Promise<readonly string[]> => {
  expect(OLD).toContain(from);
  const { code, stdout } = await diff(OLD, OLD.replace(from, to));
  expect(code).toBe(1);
  return stdout.trimEnd().split('\n');
};

describe('config diff', () => {
  it('is 0 where both mean the same, however it is written', async () => {
    const same = `
sinks:
  - { type: stdout }
  - { type: amqp, url: "amqp://u:hunter1@rabbit/" }
connectors:
  - { name: vc1, type: vsphere, url: "https://vc1/sdk", username: m, password: hunter1 }
  - { name: kvm1, type: libvirt, uri: qemu+tcp://kvm1/system }
service: { logLevel: info }
pipeline: { windows: [{ size: 1m, grace: auto }], reorder: 10000ms }
meters: [cpu, "cpu.*", memory]
collector: { linger: 0.2s }
state: { type: redis, url: "redis://redis:6379", every: 1000ms }
`;
    expect(await diff(OLD, same)).toEqual({ code: 0, stdout: 'no difference\n', stderr: '' });
    expect(await diff(OLD, same, '-o', 'json')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it.each([
    ['interval: 10s', 'interval: 30s', 'collectors; pipelines go on', ['~ collector.interval: 10s → 30s (collect)']],
    [
      'reorder: 10s',
      'reorder: 25s',
      'pipelines; collectors go on',
      ['~ pipeline.reorder: 10s → 25s (pipeline)', '    windows come out 15 s later'],
    ],
    [
      '{ size: 60s }',
      '{ size: 60s, grace: 90s }',
      'pipelines; collectors go on',
      ['~ pipeline.windows[60s].grace: auto → 90s (pipeline)'],
    ],
    [
      '{ size: 60s }',
      '{ size: 5m }',
      'pipelines; collectors go on',
      [
        '- pipeline.windows[60s]: { size: 60s, grace: auto } (pipeline)',
        '    goes on up to the next instant at which a window of it and of the size in its stead end; nothing is lost or doubled',
        '+ pipeline.windows[5m]: { size: 5m, grace: auto } (pipeline)',
        '    begins at a bound of its own and of the size that it replaces, with whole windows; cumulatives go on',
      ],
    ],
    ['cpu, "cpu.*", memory', 'cpu, "cpu.*"', 'pipelines; collectors go on', ['    1 meter fewer: memory']],
    [
      'uri: qemu+tcp',
      'uri: qemu+tls',
      'collectors; pipelines go on',
      ['~ connectors[kvm1].uri: qemu+tcp://kvm1/system → qemu+tls://kvm1/system (collect)'],
    ],
    [
      '  - { type: stdout }\n',
      '',
      'pipelines; collectors go on',
      [expect.stringMatching(/^- sinks\[stdout\]: \{ type: stdout, .* \(pipeline\)$/)],
    ],
    [
      'redis://redis:6379',
      'redis://other:6379',
      'pipelines; collectors go on',
      ['~ state.url: redis://redis:6379 → redis://other:6379 (pipeline)'],
    ],
    ['collector:', 'kafka: { partitions: 24 }\ncollector:', undefined, ['~ kafka.partitions: 12 → 24']],
    [
      'collector:',
      'service: { logLevel: warn }\ncollector:',
      'collectors and pipelines',
      ['~ service.logLevel: info → warn (collect, pipeline)'],
    ],
  ])('%s → %s', async (from, to, restarted, lines) => {
    const told = await changed(from, to);
    for (const line of lines) expect(told).toContainEqual(line);
    expect(told.at(-1)).toBe(restarted === undefined ? 'nobody has to be restarted' : `to be restarted: ${restarted}`);
  });

  it('says that a secret differs, and not which it is', async () => {
    const { code, stdout, stderr } = await diff(OLD, OLD.replaceAll('hunter1', 'hunter2'));
    expect(code).toBe(1);
    expect(stdout + stderr).not.toMatch(/hunter/);
    expect(stdout).toContain('~ connectors[vc1].password: *** (another secret) (collect)');
    expect(stdout).toContain('~ sinks[amqp].url: amqp://u:***@rabbit/ (another secret) (pipeline)');
  });

  it.each([
    ['ssl.keystore.password', 'kafka.librdkafka.ssl.keystore.password: *** (another secret)'],
    ['ssl.key.pem', 'kafka.librdkafka.ssl.key.pem: *** (another secret)'],
    ['sasl.oauthbearer.client.secret', 'kafka.librdkafka.sasl.oauthbearer.client.secret: *** (another secret)'],
    ['client.rack', 'kafka.librdkafka.client.rack: hunter1 → hunter2'],
  ])('shows no %s, which no schema lists, as config print does', async (key, line) => {
    const sides = ['hunter1', 'hunter2'].map((word) => `kafka: { librdkafka: { ${key}: ${word} } }\n${OLD}`) as [
      string,
      string,
    ];
    expect((await diff(...sides)).stdout).toContain(`~ ${line} (collect, pipeline)\n`);
    const { stdout } = await diff(...sides, '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ secret_differs: key !== 'client.rack' });
    expect(/hunter/.test(stdout)).toBe(key === 'client.rack');
  });

  it('tells a secret that is new, and not which it is', async () => {
    const { stdout } = await diff(
      OLD,
      `kafka: { librdkafka: { ssl.keystore.password: hunter2 } }\n${OLD}`,
      '-o',
      'json',
    );
    expect(JSON.parse(stdout)).toMatchObject({ change: 'added', before: null, after: '***' });
  });

  it('shows no secret in the query of an address', async () => {
    const traced = (key: string) => `tracing: { url: "https://h/v1?sig=${key}" }\n${OLD}`;
    const { stdout } = await diff(traced('hunter1'), traced('hunter2'));
    expect(stdout).toContain('~ tracing.url: https://h/v1?sig=*** (another secret)');
  });

  it('is an object a line for programs', async () => {
    const { code, stdout } = await diff(
      OLD,
      OLD.replace('10s', '30s').replace('reorder: 10s', 'reorder: 5s'),
      '-o',
      'json',
    );
    expect(code).toBe(1);
    const [interval, reorder] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(interval).toEqual({
      path: 'collector.interval',
      change: 'changed',
      before: '10s',
      after: '30s',
      secret_differs: false,
      restart: ['collect'],
      effect: expect.stringContaining('auto'),
    });
    expect(reorder).toMatchObject({ path: 'pipeline.reorder', effect: 'windows come out 5 s earlier' });
  });

  it('is 78 where one is wrong, and names it', async () => {
    const { code, stdout, stderr } = await diff(OLD, 'colector: {}');
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toContain('did you mean "collector"?');
    expect((await runWith(parts, ['config', 'diff', written(OLD), '/nowhere.yaml'])).code).toBe(78);
  });
});
