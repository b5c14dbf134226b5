import type { Command } from 'commander';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { redactUrls } from '../runtime/config/redact.ts';
import { within } from '../runtime/deadline.ts';
import { exactJson } from '../runtime/json.ts';
import type { Check, Found } from './checks.ts';
import { checksOf } from './checks.ts';
import { connectorEntry, type Settings, schema } from './composition.ts';
import { discoveryChecks } from './discovery-checks.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { plural } from './human.ts';
import { addConfigOptions, type ConfigOptions, type GlobalOptions, loadFor, outputOption, waitMs } from './options.ts';
import type { Parts } from './parts.ts';
import { entryKinds } from './schema.ts';
import { colored, type Terminal, writeLine } from './terminal.ts';
import { writeTick } from './ticks.ts';

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
    .addOption(outputOption())
    .option('--timeout <duration>', 'time for each connection and each poll', waitMs, 10_000)
    .addHelpText('after', EXAMPLES)
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CheckOptions>();
      const { config } = await loadFor('check', options, schema, terminal);
      const tell = teller(options, terminal);
      await tell(configured(config, options));
      if (!options.connect) return;
      const { env } = terminal;
      const sources = discoveryChecks(config, {
        clock,
        env,
        kinds: entryKinds(parts.connectors),
        entry: connectorEntry,
      });
      const unanswered = await runAll(sources.checks, options, clock, tell);
      const { connectors, doubled } = sources.found();
      const whole = { ...config, connectors };
      const checks = [...doubled, ...checksOf(whole, parts.connectors, clock, options.timeout)];
      const failed = unanswered + (await runAll(checks, options, clock, tell));
      if (failed > 0) throw new CommandFailure(EXIT.unavailable, `${plural(failed, 'check')} failed`);
    });
}

const configured = ({ connectors, discovery, sinks }: Settings, { config }: ConfigOptions): Outcome => ({
  what: 'configuration',
  name: config ?? 'defaults',
  ok: true,
  told: [
    plural(connectors.length, 'connector'),
    ...(discovery.length === 0 ? [] : [plural(discovery.length, 'discovery source')]),
    plural(sinks.length, 'sink'),
  ].join(', '),
  warnings: config === undefined ? ['no file was named with -c: what is looked at are the defaults'] : [],
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

function teller(options: CheckOptions, terminal: Terminal): (outcome: Outcome) => Promise<void> {
  const { stdout, env } = terminal;
  if (options.output === 'json') return (outcome) => writeLine(stdout, redactUrls(exactJson(outcome)));
  const isColored = colored(options.color, stdout, env);
  return async ({ what, name, ok, told, warnings, ms }) => {
    const standing = ok ? (warnings.length === 0 ? 'good' : 'odd') : 'bad';
    const time = ms === 0 ? '' : ` (${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms)`;
    const own = told.startsWith(`${name}: `) ? told.slice(name.length + 2) : told;
    await writeTick(terminal, isColored, standing, `${what} ${name}: ${own}${time}`, warnings);
  };
}
