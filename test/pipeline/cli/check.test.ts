import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parts } from '../../../pipeline/cli/composition.ts';
import { written } from '../runtime/config/fleet.ts';
import { aServer } from '../sinks/push/a-server.ts';
import { runWith } from './test-parts.ts';

const folder = mkdtempSync(join(tmpdir(), 'hypermeter-check-'));
const check = (words: readonly string[]) => runWith(parts, ['check', ...words]);

const GOOD = `connectors: [{ name: sim, type: simulator, hosts: 2, instances: 6, faults: { hostAway: 0 } }]
sinks: [{ type: stdout }, { type: file, path: ${folder}/meters.jsonl }]`;
const SIMULATED = 'connectors: [{ name: sim, type: simulator, hosts: 1, instances: 3, faults: { hostAway: 0 } }]';

const BAD = `connectors:
  - { name: sim, type: simulator, hosts: 1, instances: 3, faults: { hostAway: 0 } }
  - { name: kvm1, type: libvirt, uri: "qemu+tcp://127.0.0.1:1/system" }
kafka: { brokers: ["127.0.0.1:1"] }
state: { type: redis, url: "redis://:hunter2@127.0.0.1:1" }
sinks: [{ type: amqp, url: "amqp://guest:hunter2@127.0.0.1:1/" }, { type: stdout }]`;

describe('check', () => {
  it('ticks off what is there, in the order of the data', async () => {
    const { code, stdout, stderr } = await check(['-c', written(GOOD)]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n').map((line) => line.replace(/ \(.*ms\)$/, '').replace(/ \/\S*yaml/, ' FILE'))).toEqual([
      '✓ configuration FILE: 1 connector, 2 sinks',
      expect.stringMatching(
        /^✓ simulator sim\S*: 1 host, \d instances?, \d of them running, 1 call for the first poll$/,
      ),
      expect.stringMatching(/^✓ simulator sim/),
      '✓ kafka embedded: in this process, for trying out only',
      '✓ state memory: in memory, rebuilt from the log at each start',
      '✓ stdout stdout: nothing to connect to',
      `✓ file file:${folder}/meters.jsonl: connected`,
      '',
    ]);
  });

  it('asks the receiver of spans whether it takes some', async () => {
    const receiver = await aServer((seen, response) => {
      response.statusCode = seen.path === '/v1/traces' ? 200 : 404;
      response.end();
    });
    const tracing = (path: string) => check(['-c', written(`${GOOD}\ntracing: { url: "${receiver.url}${path}" }`)]);
    const good = await tracing('/v1/traces');
    expect(good.code).toBe(0);
    expect(good.stdout).toContain(`✓ tracing ${receiver.url}/v1/traces: takes spans`);
    const wrong = await tracing('/v1/trace');
    expect(wrong.code).toBe(69);
    expect(wrong.stdout).toContain('check the path of url');
    await receiver.close();
  });

  it.each(['prometheus', 'otlp', 'http'])('asks the receiver of %s, with no samples', async (type) => {
    const receiver = await aServer((seen, response) => {
      response.statusCode = { '/here': 200, '/empty': 400, '/ill': 500 }[seen.path] ?? 404;
      response.end();
    });
    const of = async (more: string) => {
      const config = written(`${SIMULATED}\nsinks: [{ type: ${type}, ${more} }]`);
      const { code, stdout } = await check(['-c', config]);
      return [code, stdout.split('\n').find((line) => line.slice(2).startsWith(type))];
    };
    const name = `${type} ${type}:${receiver.url}`;
    expect(await of(`url: "${receiver.url}/here"`)).toEqual([0, expect.stringContaining(`✓ ${name}/here: answers`)]);
    expect(await of(`url: "${receiver.url}/empty"`)).toEqual([0, expect.stringContaining(`✓ ${name}/empty: answers`)]);
    expect(await of(`url: "${receiver.url}/ill"`)).toEqual([69, expect.stringContaining('answer 500')]);
    expect(await of(`url: "${receiver.url}/there"`)).toEqual([69, expect.stringContaining('check the path of url')]);
    const tls = `url: "${receiver.url.replace('http:', 'https:')}/here", tls: { caFile: /nope.pem }`;
    expect(await of(tls)).toEqual([69, expect.stringContaining('cannot read tls.caFile /nope.pem')]);
    await receiver.close();
    expect(await of(`url: "${receiver.url}/here"`)).toEqual([69, expect.stringContaining('nobody listens there')]);
  });

  it('looks at the directory of the spool', async () => {
    const spool = (words: string) =>
      check(['-c', written(`${GOOD}\ncollector: { spool: { directory: ${words} } }`), '-o', 'json']);
    const { code, stdout } = await spool(`${folder}/spool`);
    const told = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .find(({ what }) => what === 'spool');
    expect(code).toBe(0);
    expect(told(stdout)).toMatchObject({
      ok: true,
      told: expect.stringMatching(/^writable, \d+ MiB free, 0 MiB in the spool of the 1024 MiB that it may take$/),
    });
    const much = await spool(`${folder}/spool, maxBytes: 1000000GiB`);
    expect(told(much.stdout)).toMatchObject({ ok: true, warnings: [expect.stringContaining('lower collector.spool')] });
    const wrong = await spool('/proc/spool');
    expect(wrong.code).toBe(69);
    expect(told(wrong.stdout).told).toContain('the spool cannot use /proc/spool');
  });

  it('names all that is not, with what to do, and is 69', async () => {
    const { code, stdout, stderr } = await check(['-c', written(BAD), '--timeout', '3s', '-o', 'json']);
    expect({ code, stderr }).toEqual({ code: 69, stderr: '4 checks failed\n' });
    const outcomes = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const failed = outcomes.filter(({ ok }) => !ok).map(({ what, told }) => [what, told]);
    expect(failed).toEqual([
      ['libvirt', expect.stringContaining('nothing listens there')],
      ['kafka', expect.stringContaining('127.0.0.1:1')],
      ['state', expect.stringContaining('127.0.0.1:1')],
      ['amqp', expect.stringContaining('127.0.0.1:1')],
    ]);
    expect(outcomes.filter(({ ok }) => ok).map(({ what }) => what)).toEqual(['configuration', 'simulator', 'stdout']);
    expect(stdout).not.toContain('hunter2');
  }, 60_000);

  it('takes no longer for the Kafka of a sink than it may', async () => {
    const config = written('sinks: [{ type: kafka, brokers: ["127.0.0.1:1"] }]');
    const { code, stdout } = await check(['-c', config, '--timeout', '1500ms', '-o', 'json']);
    expect(code).toBe(69);
    const [sink] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ what, name }) => what === 'kafka' && name !== 'embedded');
    expect(sink.told).toContain('127.0.0.1:1');
    // Its own word, not that of the whole check, which is given thrice the time.
    expect(sink.told).not.toContain('did not end');
    expect(sink.ms).toBeLessThan(4500);
  });

  it('says that it was given no file', async () => {
    const { code, stdout } = await check(['--no-connect']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('no file was named with -c') });
  });

  it('looks at nothing but the configuration if that is asked', async () => {
    const { code, stdout } = await check(['-c', written(BAD), '--no-connect']);
    expect({ code, lines: stdout.trim().split('\n').length }).toEqual({ code: 0, lines: 1 });
    const wrong = await check(['-c', written('sinks: [{ type: udb }]'), '--no-connect']);
    expect(wrong.code).toBe(78);
  });

  it('lists what each discovery finds, and checks what it found', async () => {
    writeFileSync(
      join(folder, 'endpoints.yaml'),
      `- { name: kvm1, type: libvirt, uri: "qemu+tcp://127.0.0.1:1/system" }
- { name: sim, type: simulator, hosts: 1, instances: 1 }
- { name: kvm2, type: libvirt, urii: "qemu+tcp://127.0.0.1:1/system" }
`,
    );
    const config = `connectors: [{ name: sim, type: simulator, hosts: 1, instances: 3, faults: { hostAway: 0 } }]
discovery:
  - { type: file, paths: ["${folder}/endpoints.yaml"] }
  - { type: dns, name: _libvirt._tcp.example.org, servers: ["127.0.0.1:1"], entry: { type: libvirt, uri: "qemu+tls://{host}/system" } }`;
    const { code, stdout, stderr } = await check(['-c', written(config), '--timeout', '5s', '-o', 'json']);
    expect({ code, stderr }).toEqual({ code: 69, stderr: '2 checks failed\n' });
    const outcomes = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(outcomes.map(({ what, name, ok }) => [what, name, ok])).toEqual([
      ['configuration', expect.any(String), true],
      ['discovery', 'file', true],
      ['discovery', '_libvirt._tcp.example.org', false],
      ['hypervisors', 'listed twice', true],
      ['simulator', 'sim-host-1', true],
      ['libvirt', 'kvm1', false],
      ['kafka', 'embedded', true],
      ['state', 'memory', true],
    ]);
    expect(outcomes[0].told).toBe('1 connector, 2 discovery sources, 0 sinks');
    expect(outcomes[1]).toMatchObject({
      told: '2 endpoints: kvm1 (libvirt), sim (simulator)',
      warnings: [expect.stringMatching(/endpoints.yaml:3:3: kvm2: uri: is missing.*did you mean "uri"/)],
    });
    expect(outcomes[2].told).toContain('check the address of the name server');
    expect(outcomes[3]).toMatchObject({
      told: '1 entry left out',
      warnings: ['file: sim: there is another sim, at connectors: sim, which is kept: give each a name of its own'],
    });
  });

  it('has help with examples', async () => {
    const { code, stdout } = await check(['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('hypermeter check -c hypermeter.yaml --no-connect');
  });
});
