import type { IncomingMessage } from 'node:http';
import type { Consolidation } from './archive.ts';
import type { Xapi } from './calls.ts';
import type { Answer } from './reaction.ts';
import { dumpXml, updatesJson, updatesXml, type Wording } from './rrd-text.ts';
import { NoArchiveError, rrdUpdates } from './rrd-updates.ts';
import type { Rrdds } from './rrdd.ts';

const html = (status: number, words: string, headers?: Answer['headers']): Answer => ({
  status,
  type: 'text/html',
  body: `<html><body><h1>HTTP ${status} ${words}</h1></body></html>`,
  ...(headers ? { headers } : {}),
});

/** What the three RRD handlers of a host need. */
export interface RrdRoutes {
  readonly xapi: Xapi;
  readonly rrdds: Rrdds;
  readonly wording: Wording;
  /** `https://address:port` of a host. */
  originOf(host: number): string;
}

/** A GET with a session, or with HTTP Basic, for which xapi opens one and closes it. */
export function answerGet(routes: RrdRoutes, host: number, url: URL, request: IncomingMessage): Answer {
  if (!isAllowed(routes.xapi, url, request)) {
    return html(401, 'unauthorised', { 'www-authenticate': 'Basic realm="Get RRD"' });
  }
  const task = routes.xapi.tasks.get(url.searchParams.get('task_id') ?? '');
  if (task) {
    task.status = 'success';
    routes.xapi.database.touch('task', url.searchParams.get('task_id') as string);
  }
  if (url.pathname === '/rrd_updates') return updates(routes, host, url, request);
  if (url.pathname === '/vm_rrd') return vmRrd(routes, host, url);
  if (url.pathname === '/host_rrd') {
    const rrd = routes.rrdds.host(host, routes.xapi.now());
    return rrd ? xml(dumpXml(rrd, routes.wording.digits)) : html(500, 'internal server error');
  }
  return html(404, 'not found');
}

function isAllowed({ sessions, user, password }: Xapi, url: URL, { headers }: IncomingMessage): boolean {
  const session = url.searchParams.get('session_id') ?? /session_id=([^;]+)/.exec(headers.cookie ?? '')?.[1];
  if (session) return sessions.use(decodeURIComponent(session));
  const basic = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  if (headers.authorization !== basic) return false;
  sessions.logout(sessions.login('using Basic auth'));
  return true;
}

const xml = (body: string): Answer => ({ status: 200, type: 'text/xml', body });

/** The better of the two types in an Accept header; the word `json` decides where there is none (`client_prefers_json`). */
function prefersJson(accept: string | undefined, url: URL): boolean {
  if (accept === undefined) return url.searchParams.has('json');
  const quality = (type: string): number => {
    const fits = accept.split(',').flatMap((each) => {
      const [name = '', ...parameters] = each.trim().split(';');
      const fit = name === type || name === '*/*' || name === `${type.split('/')[0]}/*`;
      const q = parameters.find((parameter) => parameter.trim().startsWith('q='));
      return fit ? [q ? Number(q.trim().slice(2)) : 1] : [];
    });
    return Math.max(0, ...fits);
  };
  return quality('application/json') > 0 && quality('application/json') >= quality('text/xml');
}

function updates({ xapi, rrdds, wording }: RrdRoutes, host: number, url: URL, { headers }: IncomingMessage): Answer {
  const query = url.searchParams;
  const start = query.get('start');
  if (start === null) return html(400, 'bad request');
  if (!/^-?\d+$/.test(start)) return html(500, 'internal server error');
  const interval = query.get('interval') ?? '0';
  const cf = query.get('cf');
  const vms = query.getAll('vm_uuid');
  const now = xapi.now();
  const own = query.get('host') === 'true' ? rrdds.host(host, now) : null;
  const named = rrdds.resident(host, now).filter(({ prefix }) => vms.length === 0 || vms.includes(prefix.slice(3, -1)));
  const all = own ? [{ prefix: `host:${xapi.world.hosts[host]?.uuid}:`, rrd: own }, ...named] : named;
  try {
    const found = rrdUpdates(all, {
      start: Number(start),
      interval: /^-?\d+$/.test(interval) ? Number(interval) : 0,
      cf: cf === 'AVERAGE' || cf === 'MIN' || cf === 'MAX' ? (cf satisfies Consolidation) : null,
    });
    return prefersJson(headers.accept, url)
      ? { status: 200, type: 'application/json', body: updatesJson(found, wording) }
      : xml(updatesXml(found, wording.digits));
  } catch (error) {
    if (!(error instanceof NoArchiveError)) throw error;
    return html(500, 'internal server error');
  }
}

/** From the host it runs on; from the coordinator's archive when it is off (`get_vm_rrd_forwarder`). */
function vmRrd({ xapi, rrdds, wording, originOf }: RrdRoutes, host: number, url: URL): Answer {
  const uuid = url.searchParams.get('uuid');
  if (uuid === null) return html(400, 'bad request');
  if (!xapi.world.vms.some((vm) => vm.uuid === uuid)) return html(404, 'not found');
  const owner = xapi.world.running(uuid, xapi.now())?.host ?? xapi.coordinator;
  if (owner !== host) {
    const unarchive = xapi.world.running(uuid, xapi.now()) ? '' : 'rrd_unarchive=&';
    const location = `${originOf(owner)}/vm_rrd?${unarchive}${url.searchParams}`;
    return { status: 302, type: 'text/html', body: '', headers: { location } };
  }
  const rrd = rrdds.vm(uuid, xapi.now());
  return rrd ? xml(dumpXml(rrd, wording.digits)) : html(404, 'not found');
}
