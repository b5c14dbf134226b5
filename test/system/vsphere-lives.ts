import { machineSpec } from '../fakes/vsphere/fleet.ts';
import type { LifeEvent } from '../fakes/vsphere/life.ts';
import type { MachineSpec } from '../fakes/vsphere/machine.ts';

/** Microseconds. */
export const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
/** When the day begins, on the grid of the samples. */
export const START = Date.UTC(2026, 10, 20) * 1000;

/** A minute of the day as a time. */
export const at = (minute: number): number => START + Math.round(minute * MINUTE);
type Happening = LifeEvent extends infer Each ? (Each extends LifeEvent ? Omit<Each, 'at'> : never) : never;

/** The lives of machines 1 and on, in minutes of the day; who is not born in one was born two hours before it. */
const LIVES: readonly (readonly (readonly [minute: number, Happening])[])[] = [
  Array.from({ length: 8 }, (_, n) => [180 * n + 13.22, { does: 'move', host: `host-${((n + 1) % 3) + 1}` }]),
  [
    [100.1, { does: 'powerOff' }],
    [110.4, { does: 'powerOn' }],
    [900.2, { does: 'powerOff' }],
    [901.7, { does: 'powerOn' }],
  ],
  [
    [240.5, { does: 'rename', name: 'renamed' }],
    [1100.5, { does: 'rename', name: 'renamed again' }],
  ],
  [[617.3, { does: 'delete' }]],
  [
    [200.3, { does: 'suspend' }],
    [260.3, { does: 'powerOn' }],
    // While one collector is gone and the next one not there yet.
    [1001.5, { does: 'powerOff' }],
    [1200.9, { does: 'powerOn' }],
  ],
  [
    [320.6, { does: 'powerOff' }],
    [450.9, { does: 'powerOn' }],
  ],
  [[560.4, { does: 'move', host: 'host-2' }]],
  [
    [820.2, { does: 'powerOff' }],
    [830.8, { does: 'powerOn' }],
  ],
  [
    [650.2, { does: 'powerOff' }],
    [650.6, { does: 'powerOn' }],
  ],
  [[300.4, { does: 'resize', vcpus: 4, memoryMb: 8192 }]],
  [
    [750.1, { does: 'move', host: 'host-3' }],
    [750.5, { does: 'move', host: 'host-1' }],
  ],
  [
    [770.2, { does: 'connection', state: 'disconnected' }],
    [790.2, { does: 'connection', state: 'connected' }],
  ],
  [
    [303.4, { does: 'create', host: 'host-2' }],
    [303.4, { does: 'powerOn' }],
  ],
  [
    [290.4, { does: 'create', host: 'host-1' }],
    [290.4, { does: 'powerOn' }],
    [575.1, { does: 'delete' }],
  ],
  [
    // Nobody ever sees this one.
    [660.3, { does: 'create', host: 'host-3' }],
    [660.3, { does: 'powerOn' }],
    [660.9, { does: 'delete' }],
  ],
];

/** The machines of the day with their lives; every fourth has two nics and disks. */
export function machines(): readonly MachineSpec[] {
  return LIVES.map((events, index) => {
    const spec = machineSpec(index + 1, `host-${(index % 3) + 1}`, START - 2 * HOUR);
    const life = events.map(([minute, event]): LifeEvent => ({ at: at(minute), ...event }));
    const isBorn = events.some(([, { does }]) => does === 'create');
    const more = index % 4 === 3 && {
      nics: [...spec.nics, { key: 4001, mac: `00:50:56:3f:00:${10 + index}`, network: 'VM Network' }],
      disks: [...spec.disks, { controller: 'nvme' as const, bus: 0, unit: 3, capacityBytes: 2 ** 40 }],
    };
    return { ...spec, ...more, life: isBorn ? life : [...spec.life, ...life] };
  });
}
