import { EndpointError } from '../../connectors/connector.ts';
import type { ConnectorEntry } from '../../connectors/discovery/discovery.ts';
import { firstOfEach, type Placed } from '../../connectors/discovery/select.ts';
import type { Findings, Source } from '../../connectors/discovery/source.ts';
import type { Clock } from '../runtime/clock.ts';
import { redactUrls } from '../runtime/config/redact.ts';
import { DeadlineError, within } from '../runtime/deadline.ts';
import { type Entry, entriesOf, entryAt } from './endpoints.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { type ConfigOptions, loadFor } from './options.ts';
import type { Parts } from './parts.ts';
import type { Config } from './schema.ts';
import { type Terminal, writeLine } from './terminal.ts';
import { byMessage, unverifiedIn } from './unverified.ts';

/** What a command that ends asks: the entries that were chosen, and how many sources of entries could not be asked. */
export interface FleetLook {
  readonly entries: readonly Entry[];
  readonly unanswered: number;
}

interface NamedOptions extends ConfigOptions {
  readonly name?: string;
}

/**
 * The one hypervisor at an address, or those of a configuration, found ones included; with a name, given by `--name` or in
 * place of the address, the one of that name. Throws a usage failure for what fits neither.
 */
export async function chosenEntries(
  target: string | undefined,
  options: NamedOptions,
  parts: Parts,
  terminal: Terminal,
  clock: Clock,
): Promise<FleetLook> {
  const isAddress = target?.includes('://') === true;
  if (options.config === undefined) {
    if (target !== undefined && (options.name !== undefined || options.set.length > 0))
      throw new CommandFailure(EXIT.usage, 'error: --name and --set are for a configuration: give it with -c');
    if (target !== undefined) return { entries: [entryAt(target, parts.connectors)], unanswered: 0 };
  } else if (!isAddress && (target === undefined || options.name === undefined)) {
    const { config } = await loadFor('poll', options, parts.schema, terminal);
    return lookAtFleet(config, target ?? options.name, parts, terminal, clock);
  }
  const message = 'error: give the address of a hypervisor, or a configuration with -c and at most one name';
  throw new CommandFailure(EXIT.usage, message);
}

/**
 * The entries of a configuration and those that its discoveries find at one look, or the one that is called `name`. What a
 * source cannot say, and what is wrong with what it says, is told on standard error. Throws a failure that lists the names
 * there are if none is called so.
 */
export async function lookAtFleet(
  { connectors, discovery }: Pick<Config, 'connectors' | 'discovery'>,
  name: string | undefined,
  parts: Parts,
  terminal: Terminal,
  clock: Clock,
): Promise<FleetLook> {
  const isCalled = (entry: ConnectorEntry): boolean => name === undefined || entry.name === name;
  // Whoever is listed by name needs no looking for.
  const listed = name === undefined ? [] : connectors.filter(isCalled);
  if (listed.length > 0) return { entries: entriesOf(listed, parts.connectors), unanswered: 0 };
  const own = connectors.map((entry): Placed => ({ entry, where: `connectors: ${entry.name}` }));
  const looks = discovery.map((entry) =>
    look(parts.createSource(entry, { clock, env: terminal.env }), terminal, clock),
  );
  const found = await Promise.all(looks);
  const { kept, doubled } = firstOfEach([...own, ...found.flatMap(({ placed }) => placed)]);
  for (const [, { where, message }] of doubled) await warn(terminal, `${where}: ${message}`);
  const all = kept.map(({ entry }) => entry);
  const chosen = all.filter(isCalled);
  const silent = found.flatMap(({ source, isAnswered }) => (isAnswered ? [] : [source]));
  if (chosen.length === 0) throw nothingCalled(name, all, silent);
  await warnOfUnverified(
    chosen.filter((entry) => !connectors.includes(entry)),
    terminal,
  );
  // The one that was asked for is there: what others would have said does not matter.
  return { entries: entriesOf(chosen, parts.connectors), unanswered: name === undefined ? silent.length : 0 };
}

interface Looked {
  readonly source: string;
  readonly placed: readonly Placed[];
  readonly isAnswered: boolean;
}

async function look(source: Source, terminal: Terminal, clock: Clock): Promise<Looked> {
  const { name, timeoutMs } = source;
  let findings: Findings;
  try {
    findings = await within(clock, timeoutMs, `${name}: looking for endpoints`, (signal) => source.look(signal));
  } catch (error) {
    if (!(error instanceof EndpointError || error instanceof DeadlineError)) throw error;
    await writeLine(terminal.stderr, `discovery ${redactUrls(error.message)}`);
    return { source: name, placed: [], isAnswered: false };
  } finally {
    await source.close();
  }
  for (const { where, message } of findings.rejected) await warn(terminal, `${where}: ${message}`);
  const placed = findings.entries.map((entry) => ({ entry, where: `${name}: ${entry.name}` }));
  return { source: name, placed, isAnswered: true };
}

const warn = (terminal: Terminal, text: string): Promise<void> =>
  writeLine(terminal.stderr, `warning: ${redactUrls(text)}`);

/** Of endpoints that were found: those that a configuration lists are warned of when it is read. */
async function warnOfUnverified(found: readonly ConnectorEntry[], terminal: Terminal): Promise<void> {
  for (const { names, setting, message } of byMessage(unverifiedIn(found))) {
    const more = names.length > 1 ? ` and ${names.length - 1} more` : '';
    await warn(terminal, `${names[0]}${more}: ${setting} ${message}`);
  }
}

function nothingCalled(
  name: string | undefined,
  all: readonly ConnectorEntry[],
  silent: readonly string[],
): CommandFailure {
  const code = silent.length > 0 ? EXIT.unavailable : EXIT.usage;
  const unknown = silent.length > 0 ? `; what ${silent.join(', ')} would find is not known` : '';
  const known = all.map((entry) => entry.name).join(', ') || 'none';
  const lack = name === undefined ? 'no hypervisor was found' : `no connector is called "${name}"; there are: ${known}`;
  return new CommandFailure(code, `error: ${lack}${unknown}`);
}
