import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { PlainClient } from './plain-client.ts';

it('starts by itself, says where its hosts are, and ends when told', async () => {
  const main = ['dist/test/fakes/hyperv/main.js', '--hosts', '2', '--vms', '3', '--password', 'other'];
  const child = spawn(process.execPath, main, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [text] = await once(child.stdout, 'data');
    const urls = String(text).trim().split('\n');
    expect(urls).toHaveLength(2);
    for (const url of urls) {
      const client = new PlainClient(url);
      await client.login({ user: 'meter', domain: 'EXAMPLE', password: 'other' });
      expect(await client.rows('SELECT Name FROM Msvm_SummaryInformation')).toHaveLength(3);
      client.close();
    }
  } finally {
    child.kill('SIGTERM');
  }
  expect(await once(child, 'exit')).toEqual([0, null]);
});
