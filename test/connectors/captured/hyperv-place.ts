import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { operationTimeout } from '../../fakes/hyperv/fault.ts';
import { hostSpec, machineSpec, nicSpec } from '../../fakes/hyperv/fleet.ts';
import { when } from '../../fakes/hyperv/hostile.ts';
import { FakeHyperv } from '../../fakes/hyperv/hyperv.ts';
import { World } from '../../fakes/hyperv/world.ts';
import { PASSWORD, type Place, USER } from './places.ts';

const HOST = 'HV-BERLIN-1';
const NAMES = ['payroll db', 'web:1', 'twin server', 'twin server', 'Ünïcode "quoted"', 'x.vhdx', 'old:Hv VP 1'];
const DISKS = 'Win32_PerfRawData_Counters_HyperVVirtualStorageDevice';
const MEMORY = 'Win32_PerfRawData_BalancerStats_HyperVDynamicMemoryVM';
const NO_MAC = '000000000000';

/**
 * The fake Hyper-V host, which seals: seven VMs with names that are like rows, two of them twins and two not nova's. It
 * lacks a class and a property, as old builds do; the class of disks times out once something has happened.
 */
export async function fakeHyperv(): Promise<Place> {
  const bornAt = systemClock.now() - 300_000_000;
  const machines = NAMES.map((name, n) =>
    machineSpec(n + 1, HOST, bornAt, {
      name,
      vhds: [`D:\\payroll data\\${name.replaceAll(':', '_')} ${n}.vhdx`, `\\\\nas1\\share\\second ${n}.avhdx`],
      moreNotes: ['owner: Jane'],
      ...(n > 4 && { novaUuid: null }),
      ...(n === 0 && { nics: [nicSpec('first'), nicSpec('second', { mac: NO_MAC })] }),
    }),
  );
  const hosts = [hostSpec(1, bornAt - 3_600_000_000, { name: HOST })];
  const world = new World({ hosts, machines, now: systemClock.now });
  const [user = ''] = USER.split('@');
  const fake = await FakeHyperv.start({
    world,
    lacks: [`${MEMORY}.GuestAvailableMemory`, 'Msvm_ProcessorSettingData'],
    accounts: [{ user, domain: 'example', password: PASSWORD }],
  });
  return {
    entry: { type: 'hyperv', url: fake.url },
    originals: [
      ...NAMES.filter((name) => name !== 'x.vhdx' && !name.includes(':Hv')),
      ...machines.flatMap(({ guid, novaUuid, nics, vhds }) => [
        guid,
        ...(novaUuid ? [novaUuid] : []),
        ...vhds,
        ...nics.flatMap(({ guid: port, mac }) => (mac === NO_MAC ? [port] : [port, mac])),
      ]),
      ...['BERLIN', 'payroll', 'nas1', 'owner', 'Jane', 'late comer', 'Network Adapter', '127.0.0.', 'NTLM'],
    ],
    happen: () => {
      world.happen(machines[0]?.guid ?? '', { does: 'rename', name: 'late comer' });
      world.happen(machines[1]?.guid ?? '', { does: 'stop' });
      fake.react = when({ className: DISKS }, { fault: operationTimeout });
    },
    close: () => fake.close(),
  };
}
