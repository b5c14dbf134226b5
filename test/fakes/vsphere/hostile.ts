import { type Fault, fault, invalidVersion, noPermission, notAuthenticated, restricted } from './fault.ts';
import { hash } from './load.ts';
import type { Spot } from './query-perf.ts';
import type { Reaction } from './reaction.ts';
import type { Call } from './service.ts';

type React = (call: Call) => Reaction | undefined;

/** The same for every call of a method, or for the first `times` of them. */
export function when(method: string, reaction: Reaction, times = Number.POSITIVE_INFINITY): React {
  let left = times;
  return (call) => (call.method === method && left-- > 0 ? reaction : undefined);
}

/** The first of several that has something to say. */
export const either =
  (...all: readonly React[]): React =>
  (call) => {
    for (const each of all) {
      const reaction = each(call);
      if (reaction !== undefined) return reaction;
    }
    return undefined;
  };

/** Every call of a method asks more of a server than it can give at once: more entities in a QueryPerf than these. */
export const tooManyEntities =
  (most: number, reaction: Reaction = { fault: restricted('vpxd.stats.maxQueryMetrics') }): React =>
  ({ method, text }) =>
    method === 'QueryPerf' && text.split('</querySpec>').length - 1 > most ? reaction : undefined;

/** QueryPerf fails whenever it names this entity. */
export const poisoned =
  (
    entity: string,
    reaction: Reaction = { fault: fault('SystemError', 'A general system error occurred', '<reason>x</reason>') },
  ): React =>
  ({ method, text }) =>
    method === 'QueryPerf' && text.includes(`>${entity}</entity>`) ? reaction : undefined;

const faultOf =
  (make: (call: Call) => Fault, method?: string): React =>
  (call) =>
    method === undefined || call.method === method ? { fault: make(call) } : undefined;

export const expired = faultOf(({ self }) => notAuthenticated(self));
export const forbidden = (method: string): React => faultOf(({ self }) => noPermission(self, 'System.Read'), method);
export const staleVersion = faultOf(invalidVersion, 'WaitForUpdatesEx');

/** What a proxy in front says when the server is away. */
export const unavailable: Reaction = {
  status: 503,
  body: '<html><body><h1>503 Service Unavailable</h1></body></html>',
  headers: { 'content-type': 'text/html' },
};

const afterProlog = (xml: string, more: string): string => xml.replace(/^(<\?xml[^>]*\?>)?/, `$1${more}`);
const inFirstText = (xml: string, more: string): string => xml.replace(/>([^<>\n]+)<\//, `>${more}$1</`);

/** Answers that an XML parser must not swallow. */
export const HOSTILE_XML: Readonly<Record<string, (xml: string) => string>> = {
  'a document type': (xml) => afterProlog(xml, '<!DOCTYPE x>'),
  'an external entity': (xml) =>
    inFirstText(afterProlog(xml, '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'), '&e;'),
  'entities that multiply': (xml) => {
    const entities = Array.from({ length: 9 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('');
    return inFirstText(afterProlog(xml, `<!DOCTYPE x [<!ENTITY e0 "ha">${entities}]>`), '&e9;');
  },
  'an entity that is not defined': (xml) => inFirstText(xml, '&nbsp;'),
  // saxes with namespaces takes time by the square of the depth: minutes for this, unless someone bounds the depth.
  'elements without end, one in the other': (xml) =>
    xml.replace('<soapenv:Body>', `<soapenv:Body>${'<a>'.repeat(100_000)}`),
  'an end tag too many': (xml) => xml.replace('</soapenv:Body>', '</x></soapenv:Body>'),
  'no end': (xml) => xml.slice(0, xml.length / 2),
  nothing: () => '',
  'a web page': () => '<!DOCTYPE html><html><body>Welcome</body></html>',
  'a NUL': (xml) => inFirstText(xml, '\u0000'),
};

/** Holes in one of `every` values, always the same ones. */
export const holes =
  (every: number) =>
  ({ entity, counter, instance }: Spot, stamp: number): boolean =>
    hash(`${entity}/${counter}/${instance}/${stamp}`) % every === 0;

/** One of `every` series lacks its last value. */
export const shortSeries =
  (every: number) =>
  ({ entity, counter, instance }: Spot): number =>
    hash(`short/${entity}/${counter}/${instance}`) % every === 0 ? 1 : 0;
