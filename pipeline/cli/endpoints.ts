import type { Connector, ConnectorContext, Endpoint } from '../../connectors/connector.ts';
import { CommandFailure, EXIT } from './exit.ts';
import type { AnyConnectorKind } from './parts.ts';
import type { Config } from './schema.ts';

/** The endpoint that a bare address means. Throws a usage failure if no connector takes it. */
export function endpointAt(address: string, kinds: readonly AnyConnectorKind[], context: ConnectorContext): Endpoint {
  const uri = parseUri(address);
  for (const kind of kinds) {
    const config = uri && kind.fromUri?.(uri);
    const [endpoint] = config === undefined ? [] : createdBy(kind, config, context).filter(isEndpoint);
    if (endpoint !== undefined) return endpoint;
  }
  const known = kinds.filter(({ fromUri }) => fromUri).map(({ kind }) => kind);
  throw new CommandFailure(
    EXIT.usage,
    `error: no connector takes the address "${uri === undefined ? address : `${uri.protocol}//…`}"; those that take one: ${known.join(', ') || 'none'}`,
  );
}

/** The endpoints of a configuration, all or the one named. Those that cannot be asked, such as nova's, are left out. */
export function endpointsOf(
  config: Config,
  kinds: readonly AnyConnectorKind[],
  context: ConnectorContext,
  name: string | undefined,
): readonly Endpoint[] {
  const chosen = config.connectors.filter((entry) => name === undefined || entry.name === name);
  if (chosen.length === 0) {
    const names = config.connectors.map((entry) => entry.name).join(', ');
    throw new CommandFailure(EXIT.usage, `error: no connector is called "${name}"; there are: ${names}`);
  }
  return chosen.flatMap((entry) => {
    const kind = kinds.find((candidate) => candidate.kind === entry.type);
    return kind === undefined ? [] : createdBy(kind, entry, context).filter(isEndpoint);
  });
}

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

function parseUri(address: string): URL | undefined {
  return URL.canParse(address) ? new URL(address) : undefined;
}
