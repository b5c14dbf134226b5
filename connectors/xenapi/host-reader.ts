import { X509Certificate } from 'node:crypto';
import { within } from '../../pipeline/runtime/deadline.ts';
import { EndpointError } from '../connector.ts';
import { Client, SessionRefused } from './client.ts';
import type { Coordinator } from './coordinator.ts';
import type { Answer } from './harvest.ts';
import type { Host } from './inventory.ts';
import { type LoginOptions, tlsFor } from './login.ts';
import { originOf } from './origin.ts';
import type { RrdQuery } from './protocol.ts';
import { reasonOf } from './reason.ts';

/** One host that is to be read, and what of it. */
export interface Errand {
  readonly host: Host;
  readonly queries: readonly RrdQuery[];
}

/** What came of an errand; one that failed may have while rows were coming. Wall clock in microseconds. */
export type Outcome =
  | {
      readonly errand: Errand;
      readonly answers: readonly Answer[];
      readonly sentAt: number;
      readonly receivedAt: number;
    }
  | { readonly errand: Errand; readonly error: Error; readonly wasAnswering: boolean };

export interface ReadLimits {
  readonly concurrency: number;
  /** For one host, milliseconds. */
  readonly hostMs: number;
  /** Monotonic time, microseconds, after which no other host is begun: it is left for the next poll. */
  readonly beginBy: number;
  /** So many values having been read, no other host is begun either: they are all held at once. */
  readonly mostValues: number;
}

const valuesIn = (outcome: Outcome): number =>
  'error' in outcome
    ? 0
    : outcome.answers.reduce((sum, { updates }) => sum + updates.rows.length * updates.legend.length, 0);

/** Reads the hosts' statistics, each host on a connection of its own. */
export class HostReader {
  readonly #options: LoginOptions;
  readonly #coordinator: Coordinator;
  readonly #clients = new Map<string, Client>();
  #isClosed = false;

  constructor(options: LoginOptions, coordinator: Coordinator) {
    this.#options = options;
    this.#coordinator = coordinator;
  }

  /**
   * Runs the errands in their order, some at once; those that time did not reach have no outcome. One host's failure is
   * its outcome. Rejects only with the signal's reason.
   */
  async read(errands: readonly Errand[], limits: ReadLimits, signal: AbortSignal): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    const queue = errands.values();
    let values = 0;
    const worker = async (): Promise<void> => {
      for (const errand of queue) {
        if (this.#options.clock.monotonic() > limits.beginBy || values > limits.mostValues) return;
        const outcome = await this.#run(errand, limits.hostMs, signal);
        values += valuesIn(outcome);
        outcomes.push(outcome);
        signal.throwIfAborted();
      }
    };
    await Promise.all(Array.from({ length: Math.min(limits.concurrency, errands.length) }, worker));
    return outcomes;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    await Promise.all(clients.map((client) => client.close()));
  }

  async #run(errand: Errand, hostMs: number, signal: AbortSignal): Promise<Outcome> {
    const { clock, endpoint, report } = this.#options;
    const { uuid, name } = errand.host;
    const what = name ?? uuid;
    const sentAt = clock.now();
    let wasAnswering = false;
    const onAnswer = (): void => {
      wasAnswering = true;
    };
    try {
      const answers = await within(
        clock,
        hostMs,
        `reading ${what}`,
        (inner) => this.#ask(errand, inner, onAnswer),
        signal,
      );
      return { errand, answers, sentAt, receivedAt: clock.now() };
    } catch (cause) {
      signal.throwIfAborted();
      const error = cause instanceof Error ? cause : new Error(String(cause));
      if (reasonOf(error) === 'refused') await this.#forget(errand.host);
      report({
        event: 'part.failed',
        hypervisor: endpoint,
        kind: 'xenapi',
        part: what,
        reason: reasonOf(error),
        error,
      });
      return { errand, error, wasAnswering };
    }
  }

  async #ask({ host, queries }: Errand, signal: AbortSignal, onAnswer: () => void): Promise<readonly Answer[]> {
    const client = await this.#clientOf(host, signal);
    const answers: Answer[] = [];
    for (const query of queries) {
      const updates = await this.#coordinator.withSession(
        (session) => client.rrdUpdates(session, query, signal, onAnswer),
        (error) => error instanceof SessionRefused,
      );
      answers.push({ host: host.uuid, updates, at: this.#options.clock.monotonic() });
    }
    return answers;
  }

  async #clientOf(host: Host, signal: AbortSignal): Promise<Client> {
    const { clock, endpoint, report, record, urls } = this.#options;
    if (host.address === '')
      throw new EndpointError('unreachable', endpoint, `${host.uuid} has no address in the pool`);
    const origin = host.isCoordinator ? this.#coordinator.client.origin : originOf(host.address, urls[0] ?? '');
    const open = this.#clients.get(host.uuid);
    if (open?.origin === origin) return open;
    await open?.close();
    await this.#learnCertificate(host, origin, signal);
    const client = await Client.open({
      clock,
      report,
      record,
      endpoint,
      origin,
      tls: tlsFor(origin, this.#options),
      timeoutMs: 10_000,
    });
    if (this.#isClosed) {
      await client.close();
      throw new EndpointError('lost', endpoint, 'the session is closed');
    }
    this.#clients.set(host.uuid, client);
    return client;
  }

  /** Its certificate may be another by now: the coordinator is asked again. */
  async #forget({ uuid }: Host): Promise<void> {
    const client = this.#clients.get(uuid);
    if (client === undefined) return;
    this.#clients.delete(uuid);
    this.#options.memory.thumbprints.delete(client.origin);
    await client.close();
  }

  /** Members have certificates of their own: the coordinator, whose is pinned, vouches for them. */
  async #learnCertificate(host: Host, origin: string, signal: AbortSignal): Promise<void> {
    const { tls, memory, endpoint } = this.#options;
    if (tls.thumbprint === undefined || host.isCoordinator || memory.thumbprints.has(origin)) return;
    try {
      const pem = await this.#coordinator.call('host.get_server_certificate', [host.reference], signal);
      memory.thumbprints.set(origin, new X509Certificate(String(pem)).fingerprint256);
    } catch (error) {
      signal.throwIfAborted();
      const remedy = 'the coordinator does not tell its certificate, name a CA in tls.caFile';
      throw new EndpointError('refused', endpoint, `${origin}: ${remedy}`, error);
    }
  }
}
