import { describe, expect, it } from 'vitest';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { available } from '../services/service.ts';
import { startAgent } from './ceilometer-agent.ts';

const here = (await available('ceilometer')) && (await available('rabbit')) && (await available('kafka'));
describe.skipIf(!here)('x', () => {
  it.each(['rabbit://guest:guest@127.0.0.1:15673//', 'kafka://127.0.0.1:19092/'])('%s', async (url) => {
    const agent = await startAgent(url, unique('agent'));
    expect(agent.accepted()).toEqual([]);
  });
});
