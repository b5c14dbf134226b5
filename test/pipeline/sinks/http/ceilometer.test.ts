import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../../pipeline/model/sample.ts';
import { exactJson } from '../../../../pipeline/runtime/json.ts';
import { http, httpConfig } from '../../../../pipeline/sinks/http/http.ts';
import { isoTime } from '../../../../pipeline/sinks/timestamp.ts';
import { available, ceilometerPython } from '../../../services/service.ts';
import { aContext } from '../a-context.ts';
import { arbitrarySample } from '../arbitrary-sample.ts';
import { aServer } from '../push/a-server.ts';

const script = fileURLToPath(new URL('../../../services/ceilometer/http_publish.py', import.meta.url));
const COUNT = 300;

const samples = fc.sample(arbitrarySample, { numRuns: COUNT, seed: 20_261_122 });

/** The arguments of Ceilometer's `Sample`; its id stands for no id where it is empty, which ours never is. */
const constructorArguments = (sample: Sample) => ({
  name: sample.name,
  type: sample.type,
  unit: sample.unit,
  volume: sample.volume,
  user_id: sample.resource.userId,
  project_id: sample.resource.projectId,
  resource_id: sample.resource.id,
  timestamp: isoTime(sample.timestamp, 'naive'),
  resource_metadata: sample.resource.metadata,
  source: 'openstack',
  id: sample.messageId,
  monotonic_time: null,
  user_name: sample.resource.userName,
  project_name: sample.resource.projectName,
});

/** The bodies that a publisher of Ceilometer's posts of the samples, and those that ours does. */
async function bodiesOfBoth(query: string, config: object) {
  const [theirs, ours] = [await aServer(), await aServer()];
  const publisher = spawn(ceilometerPython, [script, `${theirs.url}/?timeout=20${query}`], {
    stdio: ['pipe', 'ignore', 'inherit'],
    // Its libraries warn of each other's age.
    env: { ...process.env, PYTHONWARNINGS: 'ignore', no_proxy: '*' },
  });
  publisher.stdin.end(`${exactJson(samples.map(constructorArguments))}\n`);
  const [code] = await once(publisher, 'exit');
  expect(code).toBe(0);
  const settings = { type: 'http', url: ours.url, timestamps: 'naive', maxBytes: '16MiB', ...config };
  const sink = http.create(httpConfig.parse(settings), aContext().context);
  await sink.publish(samples, new AbortController().signal);
  for (const each of [sink, theirs, ours]) await each.close();
  const contentOf = ({ seen }: typeof theirs) =>
    seen.map(({ headers, body }) => [headers['content-type'], body.toString('latin1')]);
  return { theirs: contentOf(theirs), ours: contentOf(ours) };
}

describe.skipIf(!(await available('ceilometer')))("Ceilometer's http publisher [ceilometer]", () => {
  it('posts the same bytes for the same samples, as one array', async () => {
    const { theirs, ours } = await bodiesOfBoth('', {});
    expect(theirs).toHaveLength(1);
    expect(ours).toEqual(theirs);
  });

  it('posts the same bytes for the same samples, one object each', async () => {
    const { theirs, ours } = await bodiesOfBoth('&batch=False', { batch: false });
    expect(theirs).toHaveLength(COUNT);
    expect(ours).toEqual(theirs);
  });
});
