import type { Counter } from './counters.ts';
import type { View } from './dialect.ts';
import type { Machine } from './machine.ts';
import { FILETIME_OF_1970 } from './ntlm-server.ts';
import { diskRow, nicRow, shownName, sumOf, vpRow, withoutDuplicates } from './row-names.ts';
import type { Row } from './wmi-value.ts';

/** One perf row: what every class has, with its own properties between. */
function perfRow(view: View, name: string, own: Row): Row {
  const { world, host, now, dialect } = view;
  const spec = world.hosts.get(host);
  const shownNow = now + (spec?.skewUs ?? 0);
  const hz = spec?.perfHz ?? 10_000_000n;
  const upUs = BigInt(now - world.bootedAt(host, now));
  const zoneUs = dialect.sys100NsMinutes * 60_000_000;
  return {
    Caption: null,
    Description: null,
    Frequency_Object: 0n,
    Frequency_PerfTime: hz,
    Frequency_Sys100NS: 10_000_000n,
    Name: name,
    ...own,
    Timestamp_Object: 0n,
    Timestamp_PerfTime: (upUs * hz) / 1_000_000n,
    Timestamp_Sys100NS: BigInt(shownNow + zoneUs) * 10n + FILETIME_OF_1970,
  };
}

const running = ({ world, host, now }: View): readonly Machine[] =>
  world.on(host, now).filter((machine) => machine.runAt(now) !== null);

type Shown = (counter: Counter) => bigint;

/** What a device's counters show; the machine runs. */
const shownOf =
  ({ world, now }: View, machine: Machine, device: string): Shown =>
  (counter) =>
    world.shown(machine.spec.guid, counter, device, now) ?? 0n;

/** Hyper-V Hypervisor Virtual Processor. */
export function virtualProcessors(view: View): readonly Row[] {
  const rows = running(view).flatMap((machine) =>
    machine.devices('vp').map((vp) => {
      const shown = shownOf(view, machine, vp);
      const hypervisor = shown('hypervisorRunTime');
      return perfRow(view, vpRow(shownName(machine, view), vp), {
        CPUWaitTimePerDispatch: hypervisor / 7n,
        CPUWaitTimePerDispatch_Base: hypervisor / 1009n,
        PercentGuestRunTime: shown('guestRunTime'),
        PercentHypervisorRunTime: hypervisor,
        PercentRemoteRunTime: hypervisor / 16n,
        PercentTotalRunTime: shown('totalRunTime'),
      });
    }),
  );
  return withTotal(withoutDuplicates(rows, view.dialect));
}

const withTotal = (rows: readonly Row[]): readonly Row[] =>
  rows.length === 0 ? [] : [...rows, { ...sumOf(rows), Name: '_Total' }];

/** Hyper-V Virtual Network Adapter, with rows that belong to no machine. */
export function networkAdapters(view: View): readonly Row[] {
  const rows = running(view).flatMap((machine) =>
    machine.spec.nics
      .filter(({ legacy }) => legacy !== true)
      .map(({ guid }) =>
        nicValues(view, machine, guid, nicRow(shownName(machine, view), machine.spec.guid, guid, view.dialect)),
      ),
  );
  const nobodys = ['__DEVICE_vEthernet', '__TEAMNIC_Team1'].map((name) =>
    perfRow(view, `${view.host}${name}`, NOTHING),
  );
  return [...rows, ...nobodys];
}

/** Hyper-V Legacy Network Adapter. */
export const legacyAdapters = (view: View): readonly Row[] =>
  running(view).flatMap((machine) =>
    machine.spec.nics
      .filter(({ legacy }) => legacy === true)
      .map(({ guid }) => {
        const name = nicRow(shownName(machine, view), machine.spec.guid, guid, view.dialect);
        return nicValues(view, machine, guid, name.replace('_Network', '_Legacy Network'));
      }),
  );

function nicValues(view: View, machine: Machine, device: string, name: string): Row {
  const shown = shownOf(view, machine, device);
  return perfRow(view, name, {
    BytesReceivedPersec: shown('rxBytes'),
    BytesSentPersec: shown('txBytes'),
    DroppedPacketsIncomingPersec: shown('rxDropped'),
    DroppedPacketsOutgoingPersec: shown('txDropped'),
    PacketsReceivedPersec: shown('rxPackets'),
    PacketsSentPersec: shown('txPackets'),
  });
}

const NOTHING: Row = {
  BytesReceivedPersec: 999_999n,
  BytesSentPersec: 999_999n,
  DroppedPacketsIncomingPersec: 0n,
  DroppedPacketsOutgoingPersec: 0n,
  PacketsReceivedPersec: 999n,
  PacketsSentPersec: 999n,
};

/** Hyper-V Virtual Storage Device. */
export function storageDevices(view: View): readonly Row[] {
  const rows = running(view).flatMap((machine) =>
    machine.spec.vhds.map((path) => {
      const shown = shownOf(view, machine, path);
      return perfRow(view, diskRow(path, view.dialect), {
        ErrorCount: shown('errors'),
        Latency: 3n,
        NormalizedThroughput: 12n,
        QueueLength: 1n,
        ReadBytesPersec: shown('readBytes'),
        ReadOperationsPerSec: shown('readRequests'),
        Throughput: 5n,
        WriteBytesPersec: shown('writeBytes'),
        WriteOperationsPerSec: shown('writeRequests'),
      });
    }),
  );
  return withoutDuplicates(rows, view.dialect);
}

/** Hyper-V Dynamic Memory VM, in MB. */
export function dynamicMemory(view: View): readonly Row[] {
  const shownOnes = running(view).filter(({ spec }) => spec.dynamicMemory || view.dialect.dynamicMemoryRows === 'all');
  const rows = shownOnes.map((machine) => {
    const memoryMb = BigInt(machine.memoryMbAt(view.now));
    return perfRow(view, shownName(machine, view), {
      AddedMemory: memoryMb,
      CurrentPressure: 80n,
      GuestAvailableMemory: memoryMb / 4n,
      GuestVisiblePhysicalMemory: memoryMb,
      PhysicalMemory: memoryMb,
      RemovedMemory: 0n,
    });
  });
  return withoutDuplicates(rows, view.dialect);
}

/** Hyper-V VM Vid Partition: pages of 4096 bytes. */
export function vidPartitions(view: View): readonly Row[] {
  const rows = running(view).map((machine) =>
    perfRow(view, shownName(machine, view), {
      PhysicalPagesAllocated: BigInt(machine.memoryMbAt(view.now)) * 256n,
      PreferredNUMANodeIndex: 0n,
      RemotePhysicalPages: 0n,
    }),
  );
  return withTotal(withoutDuplicates(rows, view.dialect));
}

/** Hyper-V Hypervisor Logical Processor: what all machines of the host have run since its boot, and its own tenth, spread evenly. */
export function logicalProcessors(view: View): readonly Row[] {
  const { world, host, now } = view;
  const count = BigInt(world.hosts.get(host)?.processors ?? 0);
  const up = BigInt(now - world.bootedAt(host, now)) * 10n;
  const total = world.ranOn(host, now) + (up * count) / 10n;
  const rows = Array.from({ length: Number(count) }, (_, i) => {
    const ran = total / count + (BigInt(i) < total % count ? 1n : 0n);
    return perfRow(view, `Hv LP ${i}`, {
      PercentGuestRunTime: ran - ran / 50n,
      PercentHypervisorRunTime: ran / 50n,
      PercentIdleTime: up > ran ? up - ran : 0n,
      PercentTotalRunTime: ran,
    });
  });
  return withTotal(rows);
}

/** Hyper-V Hypervisor Root Virtual Processor: each runs a tenth of the time since the host's start. */
export function rootProcessors(view: View): readonly Row[] {
  const { world, host, now } = view;
  const ran = BigInt(now - world.bootedAt(host, now));
  const rows = Array.from({ length: world.hosts.get(host)?.processors ?? 0 }, (_, i) =>
    perfRow(view, `Root VP ${i}`, {
      PercentGuestRunTime: ran - ran / 10n,
      PercentHypervisorRunTime: ran / 10n,
      PercentTotalRunTime: ran,
    }),
  );
  return withTotal(rows);
}
