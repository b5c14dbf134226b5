import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { children, textOf } from './element.ts';
import { PLACES } from './places.ts';
import { PlainClient } from './plain-client.ts';

it('starts by itself, says where it is, and ends when told', async () => {
  const main = ['dist/test/fakes/vsphere/main.js', '--vms', '7', '--user', 'me', '--password', 'secret'];
  const child = spawn(process.execPath, main, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [address] = await once(child.stdout, 'data');
    const client = new PlainClient(String(address).trim());
    const { sessionManager, propertyCollector, vmFolder } = PLACES.vcenter;
    expect(await client.login(sessionManager, 'me', 'secret')).toMatchObject({ status: 200 });
    const spec =
      `<specSet><propSet><type>VirtualMachine</type></propSet><objectSet><obj type="Folder">${vmFolder.value}</obj>` +
      '<selectSet xsi:type="TraversalSpec"><type>Folder</type><path>childEntity</path></selectSet></objectSet></specSet>';
    const answer = await client.call('RetrieveProperties', propertyCollector, spec);
    expect(children(answer.element, 'returnval').map((each) => textOf(each, 'obj'))).toHaveLength(7);
  } finally {
    child.kill('SIGTERM');
  }
  expect(await once(child, 'exit')).toEqual([0, null]);
});
