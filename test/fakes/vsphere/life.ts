/** What happens to a virtual machine, at true microseconds since 1970. */
export type LifeEvent = { readonly at: number } & (
  | { readonly does: 'create'; readonly host: string }
  | { readonly does: 'powerOn' }
  | { readonly does: 'powerOff' }
  | { readonly does: 'suspend' }
  /** vMotion, or a cold move of one that is off. */
  | { readonly does: 'move'; readonly host: string }
  | { readonly does: 'rename'; readonly name: string }
  | { readonly does: 'delete' }
  /** runtime.connectionState: connected, orphaned, inaccessible, disconnected, invalid. */
  | { readonly does: 'connection'; readonly state: string }
  /** nova's mark in extraConfig; null takes it away. */
  | { readonly does: 'mark'; readonly novaUuid: string | null }
  | { readonly does: 'resize'; readonly vcpus: number; readonly memoryMb: number }
);

export type PowerState = 'poweredOn' | 'poweredOff' | 'suspended';

/** What vCenter shows of a machine at one moment. */
export interface LifeState {
  readonly exists: boolean;
  readonly name: string;
  readonly host: string;
  readonly power: PowerState;
  readonly connection: string;
  readonly bootedAt: number | null;
  readonly novaUuid: string | null;
  readonly vcpus: number;
  readonly memoryMb: number;
}

/** An unbroken time on one host, switched on: (from, to]. */
export interface Run {
  readonly from: number;
  readonly to: number;
  readonly host: string;
}

/** The state after one event more. */
export function live(state: LifeState, event: LifeEvent): LifeState {
  switch (event.does) {
    case 'create':
      return { ...state, exists: true, host: event.host };
    case 'powerOn':
      return { ...state, power: 'poweredOn', bootedAt: event.at };
    case 'powerOff':
      return { ...state, power: 'poweredOff', bootedAt: null };
    case 'suspend':
      return { ...state, power: 'suspended' };
    case 'move':
      return { ...state, host: event.host };
    case 'rename':
      return { ...state, name: event.name };
    case 'delete':
      return { ...state, exists: false, power: 'poweredOff' };
    case 'connection':
      return { ...state, connection: event.state };
    case 'mark':
      return { ...state, novaUuid: event.novaUuid };
    case 'resize':
      return { ...state, vcpus: event.vcpus, memoryMb: event.memoryMb };
  }
}

/** The runs of a life whose events are in order of time. The last may go on for ever. */
export function runsOf(start: LifeState, events: readonly LifeEvent[]): readonly Run[] {
  const runs: Run[] = [];
  let state = start;
  let from: number | null = null;
  for (const event of events) {
    const next = live(state, event);
    const on = next.exists && next.power === 'poweredOn';
    const goesOn = on && from !== null && next.host === state.host && event.does !== 'powerOn';
    if (!goesOn) {
      if (from !== null && event.at > from) runs.push({ from, to: event.at, host: state.host });
      from = on ? event.at : null;
    }
    state = next;
  }
  if (from !== null) runs.push({ from, to: Number.POSITIVE_INFINITY, host: state.host });
  return runs;
}
