// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax under test
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ConfigError } from '../../../../pipeline/runtime/config/fault.ts';
import { loadConfig } from '../../../../pipeline/runtime/config/load.ts';
import { printConfig } from '../../../../pipeline/runtime/config/print.ts';
import { jsonSchema } from '../../../../pipeline/runtime/config/schema-node.ts';
import { fleetSchema, written } from './fleet.ts';

const KEYS = [
  'every',
  'brokers',
  'hosts',
  'librdkafka',
  'tls',
  'mode',
  'type',
  'name',
  'password',
  'passwordFile',
  '<<',
];

const key = fc.oneof(fc.constantFrom(...KEYS), fc.string());
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('login', 'plain', '10s', '${A}', '${', true, null, 1, -0.5),
    fc.string(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  ),
}));

function load(text: string): void {
  try {
    const loaded = loadConfig({ schema: fleetSchema, file: written(text), env: { A: 'b' } });
    printConfig(loaded.written, jsonSchema(fleetSchema));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.faults.length).toBeGreaterThan(0);
    for (const fault of error.faults) expect(fault.message).not.toBe('');
  }
}

it('whatever text is given, what comes back is a configuration or its faults', () => {
  fc.assert(fc.property(fc.string(), load), { numRuns: 200 });
  fc.assert(
    fc.property(value, (any) => load(stringify(any))),
    { numRuns: 500 },
  );
});
