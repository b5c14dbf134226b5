/** What happens to a virtual machine, at true microseconds since 1970. */
export type LifeEvent = { readonly at: number } & (
  | { readonly does: 'create'; readonly host: string }
  | { readonly does: 'start' }
  | { readonly does: 'stop' }
  /** As by the button: it starts again at once. */
  | { readonly does: 'reset' }
  /** Its memory goes to disk; a start brings it back. */
  | { readonly does: 'save' }
  /** Live migration, or a move of one that is off. */
  | { readonly does: 'move'; readonly host: string }
  | { readonly does: 'rename'; readonly name: string }
  /** nova's UUID in the notes; null takes it away. */
  | { readonly does: 'mark'; readonly novaUuid: string | null }
  | { readonly does: 'delete' }
);

export type Power = 'running' | 'off' | 'saved';

/** What a host knows of a machine at one moment. */
export interface LifeState {
  readonly exists: boolean;
  readonly host: string;
  readonly power: Power;
  readonly name: string;
  /** The name that it had when it last began to run where it runs. */
  readonly nameAtStart: string;
  readonly novaUuid: string | null;
  /** Of the state that it has now, and of the last start wherever that was; 0: never. */
  readonly changedAt: number;
  readonly startedAt: number;
}

/** One life of its counters: without a break on one host, (from, to]. The last may go on for ever. */
export interface Run {
  readonly from: number;
  readonly to: number;
  readonly host: string;
}

export function live(state: LifeState, event: LifeEvent): LifeState {
  const { at } = event;
  switch (event.does) {
    case 'create':
      return { ...state, exists: true, host: event.host, changedAt: at };
    case 'start':
    case 'reset':
      return { ...state, power: 'running', changedAt: at, startedAt: at, nameAtStart: state.name };
    case 'stop':
      return { ...state, power: 'off', changedAt: at };
    case 'save':
      return { ...state, power: 'saved', changedAt: at };
    case 'move':
      return { ...state, host: event.host, changedAt: at, nameAtStart: state.name };
    case 'rename':
      return { ...state, name: event.name };
    case 'mark':
      return { ...state, novaUuid: event.novaUuid };
    case 'delete':
      return { ...state, exists: false, power: 'off', changedAt: at };
  }
}

const BREAKS: readonly LifeEvent['does'][] = ['start', 'reset', 'move'];

/** The runs of a life whose events are in order of time. */
export function runsOf(unborn: LifeState, events: readonly LifeEvent[]): readonly Run[] {
  const runs: Run[] = [];
  let state = unborn;
  let from: number | null = null;
  for (const event of events) {
    const next = live(state, event);
    const runsOn = next.exists && next.power === 'running';
    if (!runsOn || from === null || BREAKS.includes(event.does)) {
      if (from !== null && event.at > from) runs.push({ from, to: event.at, host: state.host });
      from = runsOn ? event.at : null;
    }
    state = next;
  }
  if (from !== null) runs.push({ from, to: Number.POSITIVE_INFINITY, host: state.host });
  return runs;
}
