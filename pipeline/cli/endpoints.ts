import type { Connector, ConnectorContext, Endpoint, Settings } from '../../connectors/connector.ts';
import type { ConnectorEntry } from '../../connectors/discovery/discovery.ts';
import { ConfigError, type Fault, formatFault } from '../runtime/config/fault.ts';
import { parseSettings } from '../runtime/config/load.ts';
import { CommandFailure, EXIT } from './exit.ts';
import type { AnyConnectorKind } from './parts.ts';

/** An entry of `connectors:`, or what a bare address means in its place. */
export interface Entry {
  readonly kind: AnyConnectorKind;
  readonly config: unknown;
}

/** The endpoints that a bare address means. Throws a usage failure if no connector takes it. */
export const endpointsAt = (
  address: string,
  kinds: readonly AnyConnectorKind[],
  context: ConnectorContext,
): readonly Endpoint[] => endpointsIn(entryAt(address, kinds), context);

export function entryAt(address: string, kinds: readonly AnyConnectorKind[]): Entry {
  const uri = URL.canParse(address) ? new URL(address) : undefined;
  for (const kind of kinds) {
    const settings = uri && kind.fromUri?.(uri);
    if (uri && settings !== undefined) return { kind, config: configOf(kind, settings, uri) };
  }
  const known = kinds.filter(({ fromUri }) => fromUri).map(({ kind }) => kind);
  // An address may hold a password.
  const shown = uri === undefined ? address : `${uri.protocol}//…`;
  const takers = `those that take one: ${known.join(', ') || 'none'}`;
  throw new CommandFailure(EXIT.usage, `error: no connector takes the address "${shown}"; ${takers}`);
}

/** An address that lacks something, or has too much, is a usage failure that says what. */
function configOf(kind: AnyConnectorKind, settings: Settings, { protocol }: URL): unknown {
  try {
    return parseSettings(kind.schema, settings);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const faults = error.faults.map((fault) => `\n  ${formatFault(fault)}${hintFor(fault)}`).join('');
    throw new CommandFailure(EXIT.usage, `error: the address ${protocol}//… does not do:${faults}`);
  }
}

const hintFor = ({ path }: Fault): string =>
  path[0] === 'password' ? '; ?passwordFile=FILE keeps it out of the list of processes' : '';

/** Entries of `connectors:`, or like those, with their kinds. */
export const entriesOf = (
  connectors: readonly ConnectorEntry[],
  kinds: readonly AnyConnectorKind[],
): readonly Entry[] =>
  connectors.flatMap((entry) => {
    const kind = kinds.find((candidate) => candidate.kind === entry.type);
    return kind === undefined ? [] : [{ kind, config: entry }];
  });

/** Those that can be asked; what speaks by itself, such as nova, is left out. */
export const endpointsIn = ({ kind, config }: Entry, context: ConnectorContext): readonly Endpoint[] =>
  createdBy(kind, config, context).filter(isEndpoint);

/** Those that speak by themselves, and cannot be asked. */
export const speakersIn = ({ kind, config }: Entry, context: ConnectorContext): readonly Connector[] =>
  createdBy(kind, config, context).filter((created): created is Connector => !isEndpoint(created));

/** What an entry of `connectors:` stands for: one endpoint or, for a fleet, several. */
export function createdBy(
  kind: AnyConnectorKind,
  config: unknown,
  context: ConnectorContext,
): readonly (Endpoint | Connector)[] {
  // The schema of this very kind has made the configuration.
  return [kind.create(config as never, context)].flat();
}

export const isEndpoint = (created: Endpoint | Connector): created is Endpoint => 'connect' in created;
