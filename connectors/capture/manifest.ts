import { exactJson } from '../../pipeline/runtime/json.ts';
import type { Pseudonyms } from './pseudonyms.ts';

/** `manifest.json` of a capture: what else than its exchanges a replay needs. Times in microseconds since the first one. */
export interface Manifest {
  /** Of this folder's files. */
  readonly format: 1;
  readonly hypermeter: string;
  readonly kind: string;
  /** What the server says of its make and version. */
  readonly product: Readonly<Record<string, string>>;
  readonly settings: unknown;
  /** Wall clock of the first exchange; null: there was none. */
  readonly startedAt: string | null;
  readonly connectedAt: number | null;
  readonly polls: readonly PollTimes[];
  readonly closingAt: number;
  /** In the order of their first exchanges; an address is the pseudonym that the bodies have. */
  readonly servers: readonly { readonly address: string; readonly port: number }[];
  readonly exchanges: number;
  /** Bodies that are not there since they were not understood, or too long. */
  readonly withheld: number;
  readonly names: 'kept' | 'replaced';
  readonly substitutions: Pseudonyms['substitutions'];
  /** The code of what ended it early. */
  readonly failure: string | null;
}

export interface PollTimes {
  readonly startedAt: number;
  readonly endedAt: number;
}

/** `observations.json`: what `describeObservation` made of each poll, a line each instance. */
export const observationsText = (polls: readonly object[]): string =>
  `[${polls.map((poll) => `\n${pollText(poll)}`).join(',')}\n]\n`;

const pollText = (poll: object): string =>
  `{${Object.entries(poll)
    .map(([name, value]) => {
      const written = Array.isArray(value)
        ? `[${value.map((each) => `\n${exactJson(each)}`).join(',')}]`
        : exactJson(value);
      return `${JSON.stringify(name)}:${written}`;
    })
    .join(',\n')}}`;
