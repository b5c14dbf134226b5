import { readFile } from 'node:fs/promises';
import { Observable, type Subscriber } from 'rxjs';
import type { TlsOptions } from '../../pipeline/amqp/connection.ts';
import { configuredServers } from '../../pipeline/amqp/servers.ts';
import { type Connector, type ConnectorContext, type ConnectorKind, EndpointError, type Poll } from '../connector.ts';
import { inTime } from '../in-time.ts';
import { type Link, type LinkOptions, openLink } from './client.ts';
import { keysOf, type NovaConfig, novaSchema, queueOf } from './config.ts';
import { keepListening } from './listening.ts';
import { refusal } from './refusals.ts';

const KIND = 'nova';

/**
 * Nova's notifications from a queue of our own: what its instances are and what becomes of them. It asks nobody and
 * says so as soon as it hears of something, in polls that list what is new.
 */
export const nova: ConnectorKind<NovaConfig> = { kind: KIND, schema: novaSchema, create, announces: true };

function create(config: NovaConfig, context: ConnectorContext): Connector {
  const { name: id } = config;
  const connect = opener(config, context);
  const begin = (subscriber: Subscriber<Poll>) => {
    const stop = new AbortController();
    const { cells, rows, prefetch } = config;
    const emit = (poll: Poll): void => subscriber.next(poll);
    const run = { id, kind: KIND, cells, rows, prefetch, context, connect, emit, stop: stop.signal };
    // What is thrown here is a fault of ours, not of the broker: it must not be lost.
    keepListening(run).catch((error: unknown) => subscriber.error(error));
    return () => stop.abort();
  };
  return {
    id,
    kind: KIND,
    snapshots: new Observable(begin),
    check: async (signal) => {
      const link = await connect(signal);
      await link.close();
      const { messages, consumers } = link;
      return `exchange ${config.exchange}, queue ${queueOf(config)}: ${messages} waiting, ${consumers} reading`;
    },
  };
}

/** Makes a function that connects to the first broker that lets us in, each in its time; it rejects with an EndpointError. */
function opener(config: NovaConfig, { clock }: ConnectorContext): (signal: AbortSignal) => Promise<Link> {
  const { name: endpoint, exchange, queueType, queueSize, queueExpires, prefetch } = config;
  const servers = configuredServers(config);
  const connectTimeoutMs = config.connectTimeout / 1000;
  let next = 0;
  return async (signal) => {
    const options: LinkOptions = {
      clock,
      exchange,
      keys: keysOf(config),
      queue: queueOf(config),
      type: queueType,
      bytes: queueSize,
      expiresMs: Math.round(queueExpires / 1000),
      prefetch,
      tls: await tlsOptions(config),
      heartbeatS: config.heartbeat / 1_000_000,
      connectTimeoutMs,
      connectionName: `hypermeter ${endpoint}`,
    };
    const failures: EndpointError[] = [];
    for (let tried = 0; tried < servers.length; tried++) {
      const server = servers[(next + tried) % servers.length];
      if (server === undefined || signal.aborted) break;
      const limit = { clock, endpoint, ms: connectTimeoutMs, what: 'connecting', stop: signal };
      const open = (over: AbortSignal): Promise<Link> => openLink(server, options, over);
      try {
        const link = await inTime(limit, open, (late) => late.close());
        // The one that is lost is left for the next.
        next = (next + tried + 1) % servers.length;
        return link;
      } catch (error) {
        failures.push(refusal(endpoint, server, error));
      }
    }
    const [first] = failures;
    if (first === undefined) throw new EndpointError('lost', endpoint, 'connecting was stopped');
    if (failures.length === 1) throw first;
    const told = failures.map(({ message }) => message.slice(endpoint.length + 2)).join('. ');
    throw new EndpointError(first.code, endpoint, told, first.cause);
  };
}

async function tlsOptions({ name, tls }: NovaConfig): Promise<TlsOptions> {
  if (typeof tls === 'boolean') return { rejectUnauthorized: true };
  const read = async (word: 'caFile' | 'certFile' | 'keyFile'): Promise<Buffer | undefined> => {
    const file = tls[word];
    if (file === undefined) return undefined;
    return await readFile(file).catch((error: unknown) => {
      const message = `cannot read tls.${word} ${file}: check its path and permissions`;
      throw new EndpointError('refused', name, message, error);
    });
  };
  const [ca, cert, key] = [await read('caFile'), await read('certFile'), await read('keyFile')];
  return {
    rejectUnauthorized: tls.verify,
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
  };
}
