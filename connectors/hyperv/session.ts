import { type ConnectorContext, EndpointError, type Session } from '../connector.ts';
import { createHttpClient, type HttpClient } from '../http-client.ts';
import type { ClientCertificate, HttpTls } from '../http-tls.ts';
import { connectMsOf, Patience, pollMsOf } from '../patience.ts';
import type { Address } from './address.ts';
import { type Carrier, type CarrierOptions, tappedCarrier } from './carrier.ts';
import { basicCarrier, certificateCarrier } from './carrier-header.ts';
import { loginCarrier } from './carrier-login.ts';
import type { WmiClass } from './classes.ts';
import { Client } from './client.ts';
import { Fault, isFault } from './fault.ts';
import type { Credentials } from './kerberos/credentials.ts';
import { kerberosLogin } from './kerberos/login.ts';
import type { Lives } from './lives.ts';
import { ntlmLogin } from './ntlm/login.ts';
import { ntlmUser } from './ntlm/ntlm.ts';
import { Poller } from './poller.ts';
import { Sampler } from './sampler.ts';

/** A poll's time among its enumerations. */
const SHARES = { begin: 0.9, call: 0.4 };

/** Who asks, and how it is shown. */
export type Login =
  | { readonly auth: 'negotiate' | 'basic'; readonly username: string; readonly password: string }
  | { readonly auth: 'kerberos'; readonly spn: string; readonly credentials: Credentials }
  | { readonly auth: 'certificate'; readonly certificate: ClientCertificate };

export interface SessionOptions extends ConnectorContext {
  readonly endpoint: string;
  readonly address: Address;
  readonly login: Login;
  readonly tls: HttpTls;
  readonly notes: boolean;
  /** How often the host itself is read, microseconds; null: it is not metered. */
  readonly hostEveryUs: number | null;
  readonly channelBinding: boolean;
  /** Of the endpoint, not of one session. */
  readonly lives: Lives;
  /** Told of a class that the host does not have; the endpoint says it once. */
  readonly onOff: (wmiClass: WmiClass, reason: 'absent' | 'denied') => void;
}

const KIND = 'hyperv';
/** Of opening a connection, and between two pieces of an answer, at least: enumerations have limits of their own. */
const HTTP_MS = 10_000;
/** Below the two minutes after which Windows closes a connection that nobody uses. */
const KEEP_ALIVE_MS = 110_000;
/** Four times what an answer may be: 512,000 bytes. */
const MAX_ANSWER_BYTES = 2_048_000;

/** Logs in and reads the inventory. Rejects with an EndpointError, closed. */
export async function openSession(options: SessionOptions, signal: AbortSignal): Promise<Session> {
  const { endpoint, address, login, tls, pace } = options;
  const http = await createHttpClient({
    endpoint,
    origin: address.origin,
    tls,
    // Who is logged in is the connection.
    connections: 1,
    timeoutMs: Math.max(HTTP_MS, connectMsOf(pace), pollMsOf(pace)),
    keepAliveMs: KEEP_ALIVE_MS,
    certificate: login.auth === 'certificate' ? login.certificate : undefined,
    bindsToServer: binds(options),
  });
  try {
    return await begin(options, http, signal);
  } catch (error) {
    await http.close();
    throw told(options, error);
  }
}

async function begin(options: SessionOptions, http: HttpClient, signal: AbortSignal): Promise<Session> {
  const { endpoint, clock, report, address, pace } = options;
  let calls = 0;
  const onCall = (call: string): void => {
    calls++;
    report({ event: 'endpoint.call', hypervisor: endpoint, kind: KIND, call });
  };
  const carrier = recorded(options, carrierOf(options, http));
  const client = new Client({ endpoint, clock, origin: address.origin, path: address.path, carrier, onCall });
  const sampler = new Sampler({
    client,
    onFailure: (part, reason, error) =>
      report({ event: 'part.failed', hypervisor: endpoint, kind: KIND, part, reason, error: told(options, error) }),
    onOff: options.onOff,
  });
  const poller = new Poller({ ...options, sampler });
  await poller.readInventory(new Patience(clock, endpoint, SHARES, connectMsOf(pace)).begin(signal));
  const patience = new Patience(clock, endpoint, SHARES, pollMsOf(pace));
  let settle: (reason: undefined) => void = () => undefined;
  const closed = new Promise<undefined>((resolve) => {
    settle = resolve;
  });
  return {
    closed,
    close: async () => {
      await http.close();
      settle(undefined);
    },
    poll: async (pollSignal) => {
      const startedAt = clock.now();
      const before = calls;
      const budget = patience.begin(pollSignal);
      try {
        const { hosts, instances, bootedAt, partial, commit } = await poller.poll(budget);
        // The caller has given this poll up: it must not count.
        pollSignal.throwIfAborted();
        commit();
        return { startedAt, endedAt: clock.now(), bootedAt, partial, calls: calls - before, hosts, instances };
      } catch (error) {
        if (pollSignal.aborted) budget.ended();
        throw told(options, error);
      }
    },
  };
}

/** Only NTLM's login is tied to the connection that it is made over. */
const binds = ({ login, address, channelBinding }: SessionOptions): boolean =>
  login.auth === 'negotiate' && address.isTls && channelBinding;

function carrierOf(given: SessionOptions, http: HttpClient): Carrier {
  const { endpoint, address, login, clock } = given;
  const options: CarrierOptions = { endpoint, http, ...address, maxBytes: MAX_ANSWER_BYTES };
  if (login.auth === 'certificate') return certificateCarrier(options);
  if (login.auth === 'kerberos') {
    const { spn, credentials } = login;
    return loginCarrier({ ...options, method: kerberosLogin({ ...options, spn, credentials }) });
  }
  const { username, password } = login;
  if (login.auth === 'basic') return basicCarrier(options, username, password);
  const user = ntlmUser(username, password);
  const method = ntlmLogin({ ...options, clock, user, seals: !address.isTls, binds: binds(given) });
  return loginCarrier({ ...options, method });
}

/** Told as the messages are, not as they are sealed. */
const recorded = ({ record, address }: SessionOptions, carrier: Carrier): Carrier =>
  record === undefined ? carrier : tappedCarrier(carrier, record, address);

/** What the service refuses, as an EndpointError in its words. */
function told({ endpoint, address }: SessionOptions, error: unknown): Error {
  if (!(error instanceof Fault)) return error instanceof Error ? error : new Error(String(error));
  const { code, remedy } = remedyOf(error);
  return new EndpointError(code, endpoint, `${address.origin} refuses: ${error.message}${remedy}`, error);
}

function remedyOf(error: Fault): { readonly code: 'refused' | 'timeout' | 'unsupported'; readonly remedy: string } {
  if (isFault(error, 'denied'))
    return {
      code: 'refused',
      remedy: ' (the user may not read WMI: see the groups in the README of the connector)',
    };
  if (isFault(error, 'absent')) return { code: 'unsupported', remedy: ' (is Hyper-V installed there?)' };
  if (isFault(error, 'timeout')) return { code: 'timeout', remedy: ' (WMI there is slow)' };
  return { code: 'refused', remedy: '' };
}
