import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../../../pipeline/runtime/config/load.ts';
import { printConfig } from '../../../../pipeline/runtime/config/print.ts';
import { redactUrls } from '../../../../pipeline/runtime/config/redact.ts';
import { configReference } from '../../../../pipeline/runtime/config/reference.ts';
import { jsonSchema } from '../../../../pipeline/runtime/config/schema-node.ts';
import { fleetSchema, written } from './fleet.ts';

const schema = jsonSchema(fleetSchema);

describe('the printed configuration', () => {
  const file = written(`mode: anchored
tls: { caFile: ca.pem }
librdkafka: { sasl.password: hunter2, sasl.username: u }
hosts:
  - { type: login, name: a, url: "amqp://user:hunter2@h/x", password: hunter2 }
  - { type: plain, name: b }
`);
  const { written: value, config } = loadConfig({ schema: fleetSchema, file, env: {} });

  it('has every default and no secret', () => {
    expect(parse(printConfig(value, schema))).toEqual({
      every: '10s',
      buffer: '64MiB',
      mode: 'anchored',
      brokers: 'embedded',
      tls: { caFile: 'ca.pem', verify: true },
      librdkafka: { 'sasl.password': '***', 'sasl.username': 'u' },
      hosts: [
        { type: 'login', name: 'a', url: 'amqp://user:***@h/x', password: '***' },
        { type: 'plain', name: 'b', port: 80 },
      ],
    });
  });

  it('means the same when it is loaded again, but for what is stars', () => {
    const again = loadConfig({ schema: fleetSchema, file: written(printConfig(value, schema)), env: {} }).config;
    expect(JSON.stringify(again)).toBe(JSON.stringify(config).replaceAll('hunter2', '***'));
  });
});

it.each([
  ['amqp://u:p@h:5672/v', 'amqp://u:***@h:5672/v'],
  ['amqp://u:p@ss/w@h', 'amqp://u:***@h'],
  ['redis://:p@h and http://h/a@b', 'redis://***@h and http://h/a@b'],
  ['no address: a@b', 'no address: a@b'],
  ['byte 5amqp://u:p@h', 'byte 5amqp://u:***@h'],
  ['https://h/api?apikey=x&sig=y%3D: refused', 'https://h/api?apikey=***&sig=***: refused'],
  ['"url":"https://u:p@h/api?hunter2","a":"?b=c"', '"url":"https://u:***@h/api?***","a":"?b=c"'],
  ['qemu+tls://h/system?no_verify=1&pkipath=/p', 'qemu+tls://h/system?no_verify=1&pkipath=/p'],
  ['vsphere://h?passwordFile=/p&password=x', 'vsphere://h?passwordFile=/p&password=***'],
  ['rabbit://h/?ssl=1 and https://h/?', 'rabbit://h/?ssl=1 and https://h/?'],
])('redactUrls(%j)', (text, expected) => {
  expect(redactUrls(text)).toBe(expected);
});

// As the square of their length these would take minutes.
it.each(['a', 'a://b:', '://', 'a+.-', 'http://h/?a=.', '?='])('a long text of %j is nothing to wait for', (piece) => {
  const text = piece.repeat(1_000_000 / piece.length);
  expect(redactUrls(`${text} http://u:p@h`)).toMatch(/ http:\/\/u:\*\*\*@h$/);
});

describe('the JSON schema', () => {
  it('is of what a user writes', () => {
    expect(schema.properties?.every).toMatchObject({ type: 'string', default: '10s', example: '30s' });
    expect(schema.required).toBeUndefined();
  });

  it('asks for a secret or its file', () => {
    const login = schema.properties?.hosts?.items?.oneOf?.[1];
    expect(Object.keys(login?.properties ?? {})).toContain('passwordFile');
    expect(login?.required).toEqual(['type', 'name', 'url']);
    expect(login?.allOf).toEqual([{ oneOf: [{ required: ['password'] }, { required: ['passwordFile'] }] }]);
  });
});

describe('the reference', () => {
  it('has a section for each key and a table for each kind', () => {
    const node = jsonSchema(z.strictObject({ log: z.strictObject({ level: z.enum(['a', 'b']).default('a') }) }));
    expect(configReference(node)).toBe(`## log

| Setting | What | Default | Meaning |
| --- | --- | --- | --- |
| \`log.level\` | one of "a", "b" | \`a\` |  |`);
    expect(configReference(schema)).toContain('### hosts: type login\n\n');
    expect(configReference(schema)).toContain('| `password` | text |  | Secret. |');
  });
});
