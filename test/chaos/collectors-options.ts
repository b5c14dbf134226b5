import { parseArgs } from 'node:util';

export interface TrialOptions {
  readonly minutes: number;
  readonly endpoints: number;
  readonly seed: number;
  readonly intervalS: number;
  /** Brokers that are there; not used where the trial has its own. */
  readonly kafka: string;
  /** How many brokers of its own; null: none. */
  readonly brokers: 1 | 3 | null;
  /** Whether each collector is on a machine of its own: in a network namespace. */
  readonly isNetwork: boolean;
  readonly spool: boolean;
  /** Of which faults; null: of all that there can be. */
  readonly faults: readonly string[] | null;
  /** How long all brokers are away. */
  readonly awayS: number;
  readonly keep: boolean;
}

export const USAGE =
  'usage: collectors [--minutes N] [--endpoints N] [--seed N] [--interval S] [--kafka H:P | --brokers 1|3] [--network]\n' +
  '                  [--spool] [--away S] [--faults NAME,NAME…] [--keep]\n';

/** What the words after `collectors` ask for; null: they are wrong. */
export function trialOptions(args: readonly string[]): TrialOptions | null {
  const values = parsed(args);
  if (values === null) return null;
  const numbers = [values.minutes, values.endpoints, values.seed, values.interval, values.away].map(Number);
  const [minutes = 0, endpoints = 0, seed = 0, intervalS = 0, awayS = 0] = numbers;
  // Those of 127.0.0.1 cannot be reached from other namespaces.
  const count = values.brokers ?? (values.network ? '1' : undefined);
  if (!numbers.every((number) => number > 0) || !(count === undefined || count === '1' || count === '3')) return null;
  return {
    minutes,
    endpoints,
    seed,
    intervalS,
    kafka: values.kafka,
    brokers: count === undefined ? null : count === '3' ? 3 : 1,
    isNetwork: values.network,
    spool: values.spool,
    faults: values.faults?.split(',') ?? null,
    awayS,
    keep: values.keep,
  };
}

/** Null: there is a word that is none. */
function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: '10' },
        endpoints: { type: 'string', default: '300' },
        seed: { type: 'string', default: '1' },
        interval: { type: 'string', default: '10' },
        kafka: { type: 'string', default: '127.0.0.1:19092' },
        brokers: { type: 'string' },
        network: { type: 'boolean', default: false },
        spool: { type: 'boolean', default: false },
        faults: { type: 'string' },
        away: { type: 'string', default: '60' },
        keep: { type: 'boolean', default: false },
      },
    }).values;
  } catch {
    return null;
  }
}
