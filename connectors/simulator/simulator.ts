import { type ConnectorContext, type ConnectorKind, type Endpoint, EndpointError, type Session } from '../connector.ts';
import { type SimulatorConfig, schema, sinceUs } from './config.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { absenceAt, type Host } from './host.ts';
import { observe } from './observe.ts';

const KIND = 'simulator';

/** One endpoint for every host of a configured fleet. */
export const fleetEndpoints = (config: SimulatorConfig, context: ConnectorContext): Endpoint[] =>
  endpointsOf(createFleet(config, sinceUs(config, context.clock.now())), context);

/** The endpoints of a fleet whose truth somebody wants to ask as well. */
export const endpointsOf = (fleet: Fleet, context: ConnectorContext): Endpoint[] =>
  fleet.hosts.map((host) => endpointOf(fleet, host, context));

function endpointOf(fleet: Fleet, host: Host, context: ConnectorContext): Endpoint {
  return {
    id: host.id,
    kind: KIND,
    connect: async (signal) => {
      signal.throwIfAborted();
      if (absenceAt(host, context.clock.now()))
        throw new EndpointError('unreachable', host.id, 'the simulated host is away; it will come back');
      return sessionOf(fleet, host, context);
    },
  };
}

function sessionOf(fleet: Fleet, host: Host, { clock }: ConnectorContext): Session {
  const { promise: closed, resolve: settle } = withResolvers<Error | undefined>();
  let ended: EndpointError | undefined;
  return {
    poll: async (signal) => {
      signal.throwIfAborted();
      const at = clock.now();
      if (absenceAt(host, at)) {
        ended = new EndpointError('lost', host.id, 'the simulated host went away; it will come back');
        settle(ended);
      }
      if (ended) throw ended;
      return observe(fleet, host, { at, monotonic: clock.monotonic() });
    },
    closed,
    close: async () => {
      ended ??= new EndpointError('lost', host.id, 'the session is closed');
      settle(undefined);
    },
  };
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** A seeded fleet that needs no hypervisor: the demo's input, and the tests', since the truth about it is known. */
export const simulator: ConnectorKind<SimulatorConfig> = { kind: KIND, schema, create: fleetEndpoints };
