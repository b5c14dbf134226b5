import type { ConnectorContext, Endpoint } from '../../connectors/connector.ts';
import { CommandFailure, EXIT } from './exit.ts';
import type { AnyConnectorKind } from './parts.ts';
import type { Config } from './schema.ts';

/** The endpoint that a bare address means. Throws a usage failure if no connector takes it. */
export function endpointAt(address: string, kinds: readonly AnyConnectorKind[], context: ConnectorContext): Endpoint {
  const uri = parseUri(address);
  for (const kind of kinds) {
    const config = uri && kind.fromUri?.(uri);
    const endpoint = config === undefined ? undefined : endpointOf(kind, config, context);
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
    return kind === undefined ? [] : (endpointOf(kind, entry, context) ?? []);
  });
}

function endpointOf(kind: AnyConnectorKind, config: unknown, context: ConnectorContext): Endpoint | undefined {
  // The schema of this very kind has made the configuration.
  const created = kind.create(config as never, context);
  return 'connect' in created ? created : undefined;
}

function parseUri(address: string): URL | undefined {
  return URL.canParse(address) ? new URL(address) : undefined;
}
