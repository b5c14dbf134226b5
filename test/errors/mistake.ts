import type { ServiceName } from '../services/service.ts';

/** Where a mistake is made. */
export interface Place {
  /** A directory of its own, empty. */
  readonly folder: string;
  /** PEM files of the test's own CA, those that the real servers have: ca.crt, client.crt, client.key … */
  readonly tls: string;
  /** A TLS server on loopback whose certificate, by the same CA, has expired or names another host: its port. */
  tlsServer(fault: 'expired' | 'another name'): Promise<number>;
  /** A port that is taken. */
  takenPort(): Promise<number>;
  /** Closes what was opened, once the mistake was made. */
  later(undo: () => unknown): void;
}

/** Something that people do wrong, made for real, and what the program says to it. */
export interface Mistake {
  readonly title: string;
  readonly needs?: readonly ServiceName[];
  /** The configuration, written to FILE. */
  readonly yaml?: string | ((place: Place) => string | Promise<string>);
  /** What is run; by default `config print -c FILE`. FILE and FOLDER are replaced. */
  readonly words?: readonly string[] | ((place: Place) => readonly string[] | Promise<readonly string[]>);
  readonly env?: Readonly<Record<string, string>>;
  readonly code: number;
  /** The whole message; FILE, FOLDER, PORT stand for what is different each time, … for what others say in their words. */
  readonly told: string;
  /** The parts of it that say where it is wrong, and what to do. */
  readonly where: string;
  readonly remedy: string;
}

export interface Section {
  readonly title: string;
  readonly about: string;
  readonly mistakes: readonly Mistake[];
}

/** Connects to everything that FILE names. */
export const CHECK = ['check', '--timeout', '5s', '-c', 'FILE'] as const;
