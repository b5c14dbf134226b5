import { type Command, Option } from 'commander';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { redactUrls } from '../runtime/config/redact.ts';
import { within } from '../runtime/deadline.ts';
import { exactJson } from '../runtime/json.ts';
import type { Check, Found } from './checks.ts';
import { checksOf } from './checks.ts';
import { type Settings, schema } from './composition.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { plural } from './human.ts';
import { addConfigOptions, type ConfigOptions, durationMs, type GlobalOptions, loadFor } from './options.ts';
import type { Parts } from './parts.ts';
import { printable } from './table.ts';
import { colored, type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter check -c hypermeter.yaml
  hypermeter check -c hypermeter.yaml --no-connect
  hypermeter check -c hypermeter.yaml -o json | jq 'select(.ok | not)'`;

interface CheckOptions extends ConfigOptions, GlobalOptions {
  readonly connect: boolean;
  readonly output: 'table' | 'json';
  readonly timeout: number;
}

/** What became of one check. */
interface Outcome {
  readonly what: string;
  readonly name: string;
  readonly ok: boolean;
  /** What was found, or what is wrong. */
  readonly told: string;
  readonly warnings: readonly string[];
  readonly ms: number;
}

/** As many at once: hosts that do not answer must not add up. */
const AT_ONCE = 16;

export function addCheck(program: Command, parts: Parts, terminal: Terminal, clock: Clock = systemClock): void {
  addConfigOptions(program.command('check'))
    .description('look whether everything that a configuration names is there and as it has to be')
    .option('--no-connect', 'the configuration alone')
    .addOption(
      new Option('-o, --output <format>', 'for people or programs').choices(['table', 'json']).default('table'),
    )
    .option('--timeout <duration>', 'time for each connection and each poll', durationMs, 10_000)
    .addHelpText('after', EXAMPLES)
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CheckOptions>();
      const { config } = await loadFor('check', options, schema, terminal);
      const tell = teller(options, terminal);
      await tell(configured(config, options));
      if (!options.connect) return;
      const failed = await runAll(checksOf(config, parts.connectors, clock, options.timeout), options, clock, tell);
      if (failed > 0) throw new CommandFailure(EXIT.unavailable, `${plural(failed, 'check')} failed`);
    });
}

const configured = ({ connectors, sinks }: Settings, { config }: ConfigOptions): Outcome => ({
  what: 'configuration',
  name: config ?? 'defaults',
  ok: true,
  told: `${plural(connectors.length, 'connector')}, ${plural(sinks.length, 'sink')}`,
  warnings: [],
  ms: 0,
});

/** Runs all checks, some at once, and tells each outcome in the order of the checks. Resolves with how many failed. */
async function runAll(
  checks: readonly Check[],
  { timeout }: CheckOptions,
  clock: Clock,
  tell: (outcome: Outcome) => Promise<void>,
): Promise<number> {
  const outcomes: Promise<Outcome>[] = [];
  const running = new Set<Promise<unknown>>();
  for (const check of checks) {
    while (running.size >= AT_ONCE) await Promise.race(running);
    const outcome = outcomeOf(check, timeout, clock);
    running.add(outcome);
    void outcome.finally(() => running.delete(outcome));
    outcomes.push(outcome);
  }
  let failed = 0;
  for (const outcome of outcomes) {
    const told = await outcome;
    if (!told.ok) failed++;
    await tell(told);
  }
  return failed;
}

async function outcomeOf({ what, name, run }: Check, timeoutMs: number, clock: Clock): Promise<Outcome> {
  const since = clock.monotonic();
  const outcome = (ok: boolean, told: string, warnings: Found['warnings'] = []): Outcome => ({
    what,
    name,
    ok,
    told,
    warnings,
    ms: (clock.monotonic() - since) / 1000,
  });
  try {
    // A connection, a poll, and what it takes to let go: each has a limit of its own.
    const { found, warnings } = await within(clock, 3 * timeoutMs, `the check of ${name}`, run);
    return outcome(true, found, warnings);
  } catch (error) {
    // Whatever it is, the others are still worth knowing.
    return outcome(false, error instanceof Error ? error.message : String(error));
  }
}

const MARKS = { good: ['✓', '32'], odd: ['!', '33'], bad: ['✗', '31'] } as const;

function teller(options: CheckOptions, terminal: Terminal): (outcome: Outcome) => Promise<void> {
  const { stdout, env } = terminal;
  if (options.output === 'json') return (outcome) => writeLine(stdout, redactUrls(exactJson(outcome)));
  const mark = (kind: keyof typeof MARKS): string => {
    const [sign, color] = MARKS[kind];
    return colored(options.color, stdout, env) ? `\u001b[${color}m${sign}\u001b[0m` : sign;
  };
  return async ({ what, name, ok, told, warnings, ms }) => {
    const kind = ok ? (warnings.length === 0 ? 'good' : 'odd') : 'bad';
    const time = ms === 0 ? '' : ` (${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms)`;
    const own = told.startsWith(`${name}: `) ? told.slice(name.length + 2) : told;
    const lines = [`${mark(kind)} ${what} ${name}: ${own}${time}`, ...warnings.map((text) => `    ${text}`)];
    for (const line of lines) await writeLine(stdout, line.includes('\u001b') ? line : printable(redactUrls(line)));
  };
}
