import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { expectedText, plain } from '../golden.ts';
import { aCluster } from './a-cluster.ts';

const FOLDER = new URL('./golden/', import.meta.url);

/**
 * Two polls, ten seconds apart, of answers after what the sources of Proxmox VE make them of: none of them was recorded
 * on a real node.
 */
describe('answers', () => {
  it.each(readdirSync(FOLDER))('%s', async (name) => {
    const file = (path: string): URL => new URL(`${name}/${path}`, FOLDER);
    let polls = 0;
    const fileOf = (call: string): string => {
      if (call === 'GET /cluster/status') return 'cluster.json';
      if (call === 'GET /cluster/resources') return `resources-${Math.max(polls, 1)}.json`;
      const [, node, type] = /^GET \/nodes\/(.*)\/(.*)$/.exec(call) ?? [];
      return `${node}-${type}.json`;
    };
    const { connect, poll } = await aCluster({
      react: ({ name: call }) => {
        if (call === 'GET /access/permissions') return undefined;
        const path = file(fileOf(call));
        const body = existsSync(path) ? readFileSync(path, 'utf8') : '{"data":[]}';
        return { status: 200, type: 'application/json', body };
      },
    });
    const session = await connect();
    const seen = [];
    for (polls = 1; polls <= 2; polls++) seen.push(await poll(session));
    await expect(expectedText(plain(seen))).toMatchFileSnapshot(file('expected.json').pathname);
  });
});
