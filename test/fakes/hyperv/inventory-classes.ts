import type { View } from './dialect.ts';
import type { Power } from './life.ts';
import type { Machine } from './machine.ts';
import type { Moment, Row } from './wmi-value.ts';

/** Msvm_ComputerSystem.EnabledState. */
const ENABLED_STATE: Readonly<Record<Power, bigint>> = { running: 2n, off: 3n, saved: 6n };

const machines = ({ world, host, now }: View): readonly Machine[] => world.on(host, now);

/** By the host's clock. */
const moment = ({ world, host }: View, us: number): Moment => ({
  us: us + (world.hosts.get(host)?.skewUs ?? 0),
  offsetMinutes: 0,
});

/** Milliseconds that a machine has run; 0 if it does not. */
function onTime(machine: Machine, { now, dialect }: View): bigint {
  const run = machine.runAt(now);
  if (run === null) return 0n;
  const since = dialect.onTimeAfterMove === 'goes on' ? machine.stateAt(now).startedAt : run.from;
  return BigInt(Math.floor((now - since) / 1000));
}

export const computerSystems = (view: View): readonly Row[] => [
  {
    Caption: 'Hosting Computer System',
    ElementName: view.host,
    EnabledState: 2n,
    InstallDate: null,
    Name: view.host,
    OnTimeInMilliseconds: null,
    ProcessID: null,
    TimeOfLastStateChange: null,
  },
  ...machines(view).map((machine) => {
    const state = machine.stateAt(view.now);
    return {
      Caption: view.dialect.caption,
      ElementName: state.name,
      EnabledState: ENABLED_STATE[state.power],
      InstallDate: moment(view, machine.spec.life[0]?.at ?? 0),
      Name: machine.spec.guid,
      OnTimeInMilliseconds: onTime(machine, view),
      ProcessID: state.power === 'running' ? BigInt(4000 + (machine.runs.length % 1000)) : null,
      TimeOfLastStateChange: moment(view, state.changedAt),
    };
  }),
];

export function summaries(view: View): readonly Row[] {
  if (view.dialect.summary === 'none') return [];
  return machines(view).map((machine) => {
    const { power, name } = machine.stateAt(view.now);
    const runs = power === 'running';
    const memoryMb = BigInt(machine.memoryMbAt(view.now));
    return {
      ElementName: name,
      EnabledState: ENABLED_STATE[power],
      MemoryAvailable: runs && machine.spec.dynamicMemory ? memoryMb / 4n : null,
      MemoryUsage: runs ? memoryMb : 0n,
      Name: machine.spec.guid,
      NumberOfProcessors: BigInt(machine.spec.vcpus),
      UpTime: onTime(machine, view),
    };
  });
}

/** Settings of machines, and of a snapshot of each, which has another type of system. */
export const systemSettings = (view: View): readonly Row[] =>
  machines(view).flatMap((machine) => {
    const { name, novaUuid } = machine.stateAt(view.now);
    const { guid, moreNotes = [] } = machine.spec;
    const notes = [...(novaUuid === null ? [] : [novaUuid]), ...moreNotes];
    const realized = {
      ElementName: name,
      InstanceID: `Microsoft:${guid}`,
      Notes: notes.length === 0 ? null : notes,
      VirtualSystemIdentifier: guid,
      VirtualSystemType: 'Microsoft:Hyper-V:System:Realized',
    };
    const snapshot = { ...realized, InstanceID: `Microsoft:${guid}-1`, ElementName: `${name} - (1/1/2026)` };
    return [realized, { ...snapshot, VirtualSystemType: 'Microsoft:Hyper-V:Snapshot:Realized' }];
  });

/** One setting a machine, for all of its processors. */
export const processors = (view: View): readonly Row[] =>
  machines(view).map(({ spec }) => ({
    ElementName: 'Processor',
    InstanceID: `Microsoft:${spec.guid}\\b637f346-6a0e-4dec-af52-bd70cb80a21d\\0`,
    Limit: 100_000n,
    ResourceSubType: 'Microsoft:Hyper-V:Processor',
    VirtualQuantity: BigInt(spec.vcpus),
  }));

export const ethernetPorts = (view: View): readonly Row[] => ports(view, false);
export const emulatedPorts = (view: View): readonly Row[] => ports(view, true);

const ports = (view: View, legacies: boolean): readonly Row[] =>
  machines(view).flatMap(({ spec }) =>
    spec.nics
      .filter(({ legacy }) => (legacy === true) === legacies)
      .map(({ guid, mac }) => ({
        Address: mac,
        ElementName: legacies ? 'Legacy Network Adapter' : 'Network Adapter',
        InstanceID: `Microsoft:${spec.guid}\\${guid}`,
        ResourceSubType: `Microsoft:Hyper-V:${legacies ? 'Emulated' : 'Synthetic'} Ethernet Port`,
        StaticMacAddress: true,
        VirtualSystemIdentifiers: [`{${guid}}`],
      })),
  );

/** Virtual hard disks, and in a machine's drive an image that has no rows of its own. */
export const storageAllocations = (view: View): readonly Row[] =>
  machines(view).flatMap(({ spec }) => [
    ...spec.vhds.map((path, i) => ({
      Address: null,
      ElementName: 'Hard Disk Image',
      HostResource: [path],
      InstanceID: `Microsoft:${spec.guid}\\83F8638B-8DCA-4152-9EDA-2CA8B33039B4\\0\\${i}\\L`,
      ResourceSubType: 'Microsoft:Hyper-V:Virtual Hard Disk',
    })),
    {
      Address: null,
      ElementName: 'ISO Disk Image',
      HostResource: ['C:\\ISO\\config-drive.iso'],
      InstanceID: `Microsoft:${spec.guid}\\83F8638B-8DCA-4152-9EDA-2CA8B33039B4\\1\\0\\L`,
      ResourceSubType: 'Microsoft:Hyper-V:Virtual CD/DVD Disk',
    },
  ]);

export const products = ({ world, host }: View): readonly Row[] => [
  { Name: 'Virtual Rack Server', UUID: world.hosts.get(host)?.uuid ?? null, Vendor: 'Example' },
];

export const operatingSystems = (view: View): readonly Row[] => {
  const spec = view.world.hosts.get(view.host);
  return [
    {
      BuildNumber: String(spec?.build ?? 0),
      CSName: view.host,
      LastBootUpTime: moment(view, view.world.bootedAt(view.host, view.now)),
      LocalDateTime: moment(view, view.now),
      FreePhysicalMemory: freeKib(view),
      TotalVisibleMemorySize: BigInt(spec?.memoryMb ?? 0) * 1024n,
    },
  ];
};

/** What its machines and 4 GiB of its own leave. */
function freeKib(view: View): bigint {
  const running = machines(view).filter((machine) => machine.runAt(view.now) !== null);
  const taken = running.reduce((sum, machine) => sum + machine.memoryMbAt(view.now), 4096);
  return BigInt(Math.max(0, (view.world.hosts.get(view.host)?.memoryMb ?? 0) - taken)) * 1024n;
}

export const computers = ({ world, host }: View): readonly Row[] => {
  const spec = world.hosts.get(host);
  return [
    {
      Name: host,
      NumberOfLogicalProcessors: BigInt(spec?.processors ?? 0),
      TotalPhysicalMemory: BigInt(spec?.memoryMb ?? 0) * 1_048_576n,
    },
  ];
};
