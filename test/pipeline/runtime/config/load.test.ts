// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax under test
import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, formatFault } from '../../../../pipeline/runtime/config/fault.ts';
import { type ConfigSources, loadConfig } from '../../../../pipeline/runtime/config/load.ts';
import { fleetSchema, written } from './fleet.ts';

type Extra = Partial<Omit<ConfigSources<unknown>, 'schema' | 'file' | 'check'>>;

const load = (text: string, extra: Extra = {}) =>
  loadConfig({ schema: fleetSchema, file: written(text), env: {}, ...extra }).config;

/** The faults of a configuration, its file called F. */
function faults(text: string, extra: Extra = {}): readonly string[] {
  const file = written(text);
  try {
    loadConfig({ schema: fleetSchema, file, env: {}, ...extra });
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map((fault) => formatFault(fault).replaceAll(file, 'F'));
    throw error;
  }
  return [];
}

describe('a configuration that is right', () => {
  it('has its defaults, in the units of the program', () => {
    expect(loadConfig({ schema: fleetSchema, file: undefined, env: {} }).config).toEqual({
      every: 10_000_000,
      buffer: 64 * 2 ** 20,
      mode: 'interpolate',
      brokers: 'embedded',
      hosts: [],
    });
  });

  it('may use anchors, aliases and merge keys; own keys win', () => {
    const text =
      'hosts:\n  - &a { type: plain, name: a, port: 81 }\n  - { <<: *a, name: b }\n  - { name: c, <<: [*a] }\n';
    expect(load(text).hosts).toEqual([
      { type: 'plain', name: 'a', port: 81 },
      { type: 'plain', name: 'b', port: 81 },
      { type: 'plain', name: 'c', port: 81 },
    ]);
  });

  it('takes the last of file, environment and --set', () => {
    const text = 'every: 20s\nmode: anchored\nbuffer: 1KiB\n';
    const env = { HYPERMETER__EVERY: '30s', HYPERMETER__BUFFER: '2KiB' };
    expect(load(text, { env, set: ['every=40s'] })).toMatchObject({ every: 4e7, mode: 'anchored', buffer: 2048 });
  });

  it('gives text of variables the type that the setting has', () => {
    const text = `hosts:
  - { type: plain, name: "\${N}", port: "\${P}" }
  - type: login
    name: b
    url: u
    password: \${N}
`;
    const env = { N: '0123', P: '81' };
    expect(load(text, { env }).hosts).toEqual([
      { type: 'plain', name: '0123', port: 81 },
      { type: 'login', name: 'b', url: 'u', password: '0123' },
    ]);
  });

  it.each([
    ['brokers=a:1,b:2', { brokers: ['a:1', 'b:2'] }],
    ['brokers=embedded', { brokers: 'embedded' }],
    ['brokers=[a:1]', { brokers: ['a:1'] }],
    ['hosts=[{type: plain, name: n}]', { hosts: [{ type: 'plain', name: 'n', port: 80 }] }],
    ['hosts[0].port=99', { hosts: [{ type: 'plain', name: 'a', port: 99 }] }],
    ['librdkafka.socket.keepalive.enable=true', { librdkafka: { 'socket.keepalive.enable': 'true' } }],
    ['tls={caFile: x, verify: false}', { tls: { caFile: 'x', verify: false } }],
    ['tls.caFile=y', { tls: { caFile: 'y', verify: true } }],
    ['tls=true', { tls: true }],
  ])('--set %s', (set, part) => {
    expect(load('hosts: [{ type: plain, name: a }]', { set: [set] })).toMatchObject(part);
  });

  it('cannot be given structure by a variable in the file', () => {
    const env = { V: 'x, port: 1, verify: false }\nmode: anchored' };
    expect(load('hosts: [{ type: plain, name: "${V}" }]', { env })).toMatchObject({
      mode: 'interpolate',
      hosts: [{ name: env.V, port: 80 }],
    });
  });

  it('reads a secret from the file beside it, trimmed', () => {
    const secret = written(' s3cret\n');
    const text = `hosts: [{ type: login, name: b, url: u, passwordFile: "${secret}" }]`;
    expect(load(text).hosts).toEqual([{ type: 'login', name: 'b', url: 'u', password: 's3cret' }]);
  });

  it('treats __proto__ as the unknown key that it is', () => {
    expect(faults('__proto__: { polluted: 1 }', { set: ['__proto__.polluted=1'] })).toHaveLength(2);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('a configuration that is wrong', () => {
  it('is told every fault at once, each with its place and what to do', () => {
    const text = `every: 10
intervall: 1s
mode: ancored
brokers: [kafka]
tls: { cafile: x }
hosts:
  - type: plain
    name: a
    port: 70000
  - { type: logim, name: b }
  - { type: login, name: c, url: "http://u:pw@h", password: 5 }
  - { type: plain, nam: d }
buffer: \${NOWHERE}
`;
    const set = ['every.x=1', 'hosts[7].name=x', 'nonsense'];
    expect(faults(text, { set, env: { HYPERMETER__MOED: 'x' } })).toMatchInlineSnapshot(`
      [
        "--set every.x: every: unknown key "x"",
        "--set hosts[7].name: hosts: has no entry 7; the next one is 4",
        "--set nonsense: expected path=value, as in collector.interval=30s",
        "F:1:8: every: expected a duration such as 30s, got 10; write 10s for seconds",
        "F:2:1: intervall: unknown key; known here: every, buffer, mode, brokers, librdkafka, tls, hosts",
        "F:3:7: mode: expected one of "interpolate", "anchored", got "ancored"; did you mean "anchored"?",
        "F:4:11: brokers[0]: Invalid string: must match pattern /^[^:]+:\\d+$/, got "kafka"",
        "F:5:6: tls.caFile: is missing; expected text",
        "F:5:8: tls.cafile: unknown key; did you mean "caFile"?",
        "F:9:11: hosts[0].port: expected a whole number from 1 to 65535, got 70000",
        "F:10:13: hosts[1].type: expected "plain" or "login", got "logim"; did you mean "login"?",
        "F:11:61: hosts[2].password: expected text, got a secret that is not shown",
        "F:12:5: hosts[3].name: is missing; expected text",
        "F:12:20: hosts[3].nam: unknown key; did you mean "name"?",
        "F:13:9: buffer: the environment variable NOWHERE is not set; set it, or give a default as \${NOWHERE:-default}",
        "environment HYPERMETER__MOED: unknown key "MOED"; did you mean "mode"?",
      ]
    `);
  });

  it('does not show what a secret holds', () => {
    const text = `hosts: [{ type: login, name: c, url: 7, password: [hunter2] }]
mode: amqp://u:hunter2@h
librdkafka: { sasl.password: [hunter2], ssl.key.pem: [hunter2] }
`;
    expect(faults(text)).toHaveLength(5);
    expect(faults(text).join()).not.toContain('hunter2');
  });

  it.each([
    ['a: 1\na: 2', 'F:2:1: not valid YAML: Map keys must be unique'],
    ['a: [1', 'F:1:6: not valid YAML: '],
    ['a: "x', 'F:1:6: not valid YAML: Missing closing "quote'],
    ['every: 1s\n---\nevery: 2s', 'F:2:1: a second document begins; the file must hold one'],
    ['', 'F: is empty; a sample comes from: hypermeter config init'],
    ['# nothing\n', 'F: is empty'],
    ['a: *gone', 'F:1:4: a: there is no anchor &gone'],
    ['a: !custom x', 'F:1:4: not valid YAML: Unresolved tag: !custom'],
    ['a: { b: ${X} }', 'quote what holds a variable'],
    ['- a', 'F:1:1: expected a map, got a list'],
    ['text', 'F:1:1: expected a map, got "text"'],
  ])('%j', (text, start) => {
    expect(faults(text)[0]).toContain(start);
  });

  it('is not blown up by aliases of aliases', () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const inner =
        level === 0
          ? 'x'
          : Array(9)
              .fill(`*l${level - 1}`)
              .join(', ');
      return `l${level}: &l${level} [${inner}]`;
    });
    expect(faults(levels.join('\n'))[0]).toContain('more than 100000 values');
  });

  it('says why a file cannot be read', () => {
    const secret = written('every: 1s');
    const at = (file: string) => {
      try {
        loadConfig({ schema: fleetSchema, file, env: {} });
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(at('/nowhere/x.yaml')).toBe(
      '/nowhere/x.yaml: there is no such file; a sample comes from: hypermeter config init',
    );
    expect(at(dirname(secret))).toContain('is a directory');
    chmodSync(secret, 0);
    // Root reads anything.
    if (process.getuid?.() !== 0) expect(at(secret)).toContain('may not be read by this user');
  });

  it('says when a secret and its file are both given, or the file is not there', () => {
    const base = 'type: login, name: b, url: u';
    expect(faults(`hosts: [{ ${base}, password: x, passwordFile: /nowhere }]`)).toEqual([
      'F:1:68: hosts[0].passwordFile: password is given too; keep one of them',
    ]);
    expect(faults(`hosts: [{ ${base}, passwordFile: /nowhere }]`)).toEqual([
      'F:1:55: hosts[0].passwordFile: cannot read /nowhere: there is no such file; check the path',
    ]);
  });

  it('lets a check add faults and warnings with their places', () => {
    const file = written('every: 5s');
    const check = (severity: 'error' | 'warning') => () => [{ severity, path: ['every'], message: 'too often' }];
    const sources = { schema: fleetSchema, file, env: {} };
    expect(loadConfig({ ...sources, check: check('warning') }).warnings.map(formatFault)).toEqual([
      `${file}:1:8: every: too often`,
    ]);
    expect(() => loadConfig({ ...sources, check: check('error') })).toThrow(`${file}:1:8: every: too often`);
  });
});
