import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parts } from '../../../../pipeline/cli/composition.ts';
import { importCeilometer } from '../../../../pipeline/cli/config-import-ceilometer.ts';
import { ConfigError } from '../../../../pipeline/runtime/config/fault.ts';
import { loadConfig } from '../../../../pipeline/runtime/config/load.ts';
import { type Judge, startJudge } from '../../../services/ceilometer9/judge.ts';
import { available } from '../../../services/service.ts';
import { written } from '../../runtime/config/fleet.ts';
import { pipelines } from './any-pipeline.ts';

/** Our faults of a pipeline.yaml, or null. */
function refusal(text: string): string | null {
  try {
    importCeilometer(text, 'pipeline.yaml');
    return null;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

describe.skipIf(!(await available('ceilometer9')))('PipelineManager of Ceilometer 9.0.7 [ceilometer9]', () => {
  let judge: Judge;
  beforeAll(() => {
    judge = startJudge('pipeline.py');
  });
  afterAll(() => judge.end());

  it('refuses what we refuse, and takes what we take', async () => {
    const verdicts = { taken: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(pipelines, async (pipeline) => {
        const text = stringify(pipeline);
        const theirs = await judge.ask(JSON.stringify({ pipeline: text }));
        const ours = refusal(text);
        expect({ ours: ours !== null, why: [ours, theirs] }).toEqual({ ours: theirs !== null, why: [ours, theirs] });
        verdicts[ours === null ? 'taken' : 'refused']++;
      }),
      { numRuns: 1500, seed: 9_0_7 },
    );
    expect(Math.min(verdicts.taken, verdicts.refused)).toBeGreaterThan(100);
  });

  it('comes with a pipeline.yaml that becomes a configuration, once its publishers are ones that we have', async () => {
    const shipped = (await judge.ask(JSON.stringify({ file: 'pipeline.yaml' }))) as string;
    const ofOurs = importCeilometer(shipped.replaceAll('gnocchi://', 'udp://collector:4952'), 'pipeline.yaml');
    const { config } = loadConfig({ schema: parts.schema, file: written(ofOurs.text), env: {} });
    expect(config.sinks.map((sink) => sink.name)).toEqual([
      'meter_sink',
      'cpu_sink',
      'cpu_delta_sink',
      'disk_sink',
      'network_sink',
    ]);
    const transformers = config.sinks.map((sink) => ('transformers' in sink ? sink.transformers : undefined));
    expect(transformers).toMatchObject([
      undefined,
      [{ name: 'rate_of_change', parameters: { target: { name: 'cpu_util', max: 100 } } }],
      [{ name: 'delta', parameters: { target: { name: 'cpu.delta' }, growth_only: true } }],
      [{ name: 'rate_of_change' }],
      [{ name: 'rate_of_change' }],
    ]);
  });

  it('is told which publishers and meters of its file have no equal', async () => {
    const shipped = (await judge.ask(JSON.stringify({ file: 'pipeline.yaml' }))) as string;
    const { text, warnings } = importCeilometer(shipped, 'pipeline.yaml');
    const gnocchi = warnings.filter(({ message }) => message.startsWith('gnocchi://'));
    expect(gnocchi.map(({ place }) => place.split(':')[0])).toEqual(Array(5).fill('pipeline.yaml'));
    expect(text.match(/# gnocchi:\/\/: there is no sink like this publisher/g)).toHaveLength(5);
    expect(text).toMatch(/^connectors: \[\]$/m);
  });
});
