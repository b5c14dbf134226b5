import type { World } from './world.ts';

/** What nobody has verified of a real host, or what differs from host to host; the first of each is the default. */
export interface Dialect {
  /** How an adapter's row is named: `web_Network Adapter_<VM>--<port>`, with a backslash, or the port alone. */
  readonly nicRow: 'vm--port' | 'vm\\port' | 'port';
  /** The letters of GUIDs in names of rows. */
  readonly guidCase: 'upper' | 'lower';
  /** What stands before a disk's path, and the letters of it. */
  readonly diskPrefix: '' | '--?-';
  readonly diskCase: 'kept' | 'lower';
  /** Two machines of one name: the second gets `#1`, or there is one row with the sums of both. */
  readonly duplicates: 'numbered' | 'merged';
  /** When rows bear a new name. */
  readonly rename: 'at once' | 'at next start';
  /** Msvm_ComputerSystem.Caption of a machine, which may be in the host's language. */
  readonly caption: string;
  /** Whether Msvm_SummaryInformation has rows when it is selected like any other class. */
  readonly summary: 'rows' | 'none';
  /** OnTimeInMilliseconds after a live migration. */
  readonly onTimeAfterMove: 'restarts' | 'goes on';
  /** Minutes by which Timestamp_Sys100NS is ahead of UTC. */
  readonly sys100NsMinutes: number;
  /** Whether machines without dynamic memory have rows of it, too. */
  readonly dynamicMemoryRows: 'dynamic' | 'all';
}

export const USUAL_DIALECT: Dialect = {
  nicRow: 'vm--port',
  guidCase: 'upper',
  diskPrefix: '',
  diskCase: 'kept',
  duplicates: 'numbered',
  rename: 'at once',
  caption: 'Virtual Machine',
  summary: 'rows',
  onTimeAfterMove: 'restarts',
  sys100NsMinutes: 0,
  dynamicMemoryRows: 'dynamic',
};

/** One look at a host: which, when (true microseconds), and in which dialect it speaks. */
export interface View {
  readonly world: World;
  readonly host: string;
  readonly now: number;
  readonly dialect: Dialect;
}
