import { describe, expect, it } from 'vitest';
import { parts } from '../../../pipeline/cli/composition.ts';
import { ConfigError, formatFault } from '../../../pipeline/runtime/config/fault.ts';
import { loadConfig } from '../../../pipeline/runtime/config/load.ts';
import { written } from '../runtime/config/fleet.ts';

/** The faults of a configuration with this transformer, without the file's name. */
function faultsOf(transformer: string): readonly string[] {
  const file = written(`sinks:\n  - type: stdout\n    transformers:\n      - ${transformer}\n`);
  try {
    loadConfig({ schema: parts.schema, file, env: {} });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map((fault) => formatFault(fault).replace(file, 'f'));
  }
}

describe('transformers in a configuration', () => {
  it.each([
    '{ name: delta }',
    '{ name: accumulator, parameters: { size: 5 } }',
    '{ name: aggregator, parameters: { size: 0, retention_time: 60, user_id: first, resource_metadata: drop } }',
    '{ name: unit_conversion, parameters: { source: { unit: B }, target: { unit: KiB, scale: volume / 1024.0 } } }',
    '{ name: rate_of_change, parameters: { source: { map_from: { name: "(a)" } }, target: { map_to: { name: "\\\\1" } } } }',
    '{ name: arithmetic, parameters: { target: { expr: "100 * $(memory.usage) / $(memory)", unit: "%" } } }',
  ])('may be %s', (transformer) => {
    expect(faultsOf(transformer)).toEqual([]);
  });

  it.each([
    [
      '{ name: rate_of_change, parameters: { target: { scale: "max(volume, 1)" } } }',
      'f:4:64: sinks[0].transformers[0].parameters.target.scale: cannot use "max(volume, 1)": calls are not allowed, at character 4',
    ],
    [
      '{ name: arithmetic, parameters: { target: { expr: "1 + 1" } } }',
      'no meter is named: write $(cpu) for the meter cpu',
    ],
    [
      '{ name: arithmetic, parameters: { target: { expr: "$(cpu) + $(a" } } }',
      '"$" is not allowed here, at character 14',
    ],
    [
      '{ name: delta, parameters: { source: { map_from: { name: "(" } }, target: { map_to: { name: x } } } }',
      'cannot use "(": is no regular expression',
    ],
    [
      '{ name: delta, parameters: { source: { map_from: { name: a } }, target: { map_to: { name: "\\\\1" } } } }',
      'the pattern has no group 1',
    ],
    ['{ name: delta, parameters: { growth_ony: true } }', 'unknown key; did you mean "growth_only"?'],
    ['{ name: delta, parameters: { target: { type: gauge } } }', 'unknown key'],
    ['{ name: aggregator, parameters: { user_id: any } }', 'expected one of "first", "last", got "any"'],
    ['{ name: arithmetic }', 'parameters: is missing'],
  ])('may not be %s', (transformer, told) => {
    expect(faultsOf(transformer).join('\n')).toContain(told);
  });

  it('names the transformers there are', () => {
    expect(faultsOf('{ name: pigeon }').join('\n')).toMatch(
      /^f:4:17: sinks\[0\]\.transformers\[0\]\.name: expected .*"delta"/,
    );
  });
});
