import { Option } from 'commander';
import { wholeNumber } from '../../pipeline/cli/options.ts';
import { positive, script } from '../script.ts';

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

interface Given extends Omit<TrialOptions, 'intervalS' | 'isNetwork' | 'awayS' | 'brokers' | 'faults'> {
  readonly interval: number;
  readonly network: boolean;
  readonly away: number;
  readonly brokers?: '1' | '3';
  readonly faults?: string;
}

const NOTES = `Books of every endpoint on standard output: polls scheduled, made, missed, doubled, late. Then the sums, and the auditor's
verdict on what was published. What the figures mean, and what a run gave: docs/benchmarks.md.

Examples:
  npm run chaos -- collectors
  npm run chaos -- collectors --kafka kafka1:9092 --minutes 30 --endpoints 1000 --interval 60
  npm run chaos -- collectors --endpoints 100 --brokers 1 --spool --faults 'kafka away' --away 600 --minutes 1
  sudo npm run chaos -- collectors --network --faults partition --endpoints 12 --interval 2

Exit codes: 0 nothing missed beyond one poll for each fault, nothing lost, wrong or counted twice; 1 something was.`;

/** What the words after `collectors` ask for; ends the process with 64 where they are wrong. */
export function trialOptions(): TrialOptions {
  const given = script(
    'npm run chaos -- collectors',
    'Three collectors that share a simulated fleet are killed, stopped, started again and stopped in their tracks.',
    NOTES,
  )
    .option('--minutes <n>', 'how long', positive, 10)
    .option('--endpoints <n>', 'how many hypervisors, of some VMs each', wholeNumber, 300)
    .option('--interval <seconds>', 'of their polls', positive, 10)
    .option('--seed <n>', 'another fleet, with other victims', wholeNumber, 1)
    .option('--kafka <host:port>', 'brokers that are there', '127.0.0.1:19092')
    .addOption(new Option('--brokers <n>', 'brokers of its own instead; of 3 some are killed too').choices(['1', '3']))
    .option('--network', 'each collector in a network namespace, and cables are pulled; as root on Linux', false)
    .option('--spool', 'the collectors have a spool on disk', false)
    .option('--faults <names>', 'only these, with commas')
    .option('--away <seconds>', 'how long all brokers are away', positive, 60)
    .option('--keep', 'leave the directory with what the processes said and published', false)
    .parse()
    .opts<Given>();
  // Those of 127.0.0.1 cannot be reached from other namespaces.
  const brokers = given.brokers ?? (given.network ? '1' : undefined);
  return {
    minutes: given.minutes,
    endpoints: given.endpoints,
    seed: given.seed,
    intervalS: given.interval,
    kafka: given.kafka,
    brokers: brokers === undefined ? null : brokers === '3' ? 3 : 1,
    isNetwork: given.network,
    spool: given.spool,
    faults: given.faults?.split(',') ?? null,
    awayS: given.away,
    keep: given.keep,
  };
}
