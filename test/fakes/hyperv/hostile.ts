import * as faults from './fault.ts';
import type { Reaction } from './reaction.ts';
import type { Action, Call } from './service.ts';

export type React = (call: Call) => Reaction | undefined;

/** Which calls are meant: those of an action, of a class, or both. Pulls are of no class. */
export interface Which {
  readonly action?: Action;
  readonly className?: string;
}

const isMeant = ({ action, className }: Which, call: Call): boolean =>
  (action === undefined || action === call.action) && (className === undefined || className === call.className);

/** The same for every call that is meant, or for the first `times` of them. */
export function when(which: Which, reaction: Reaction, times = Number.POSITIVE_INFINITY): React {
  let left = times;
  return (call) => (isMeant(which, call) && left-- > 0 ? reaction : undefined);
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

/** A class whose provider stalls in every sixteenth minute, by this clock of microseconds. */
export const everySixteenthMinute =
  (className: string, now: () => number): React =>
  (call) =>
    call.className === className && Math.floor(now() / 60_000_000) % 16 === 0
      ? { fault: faults.operationTimeout }
      : undefined;

export const expired = when({ action: 'Pull' }, { fault: faults.invalidContext });
export const overQuota = (times?: number): React => when({ action: 'Enumerate' }, { fault: faults.quota }, times);
export const forbidden = (className: string): React => when({ className }, { fault: faults.wmiAccessDenied });

/** What a proxy in front says when the host is away. */
export const unavailable: Reaction = {
  status: 503,
  body: '<html><body><h1>503 Service Unavailable</h1></body></html>',
  headers: { 'content-type': 'text/html' },
};

const inFirstText = (xml: string, more: string): string => xml.replace(/>([^<>\n]+)<\//, `>${more}$1</`);

/** Answers that an XML parser must not swallow. */
export const HOSTILE_XML: Readonly<Record<string, (xml: string) => string>> = {
  'a document type': (xml) => `<!DOCTYPE x>${xml}`,
  'an external entity': (xml) => inFirstText(`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${xml}`, '&e;'),
  'entities that multiply': (xml) => {
    const entities = Array.from({ length: 9 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('');
    return inFirstText(`<!DOCTYPE x [<!ENTITY e0 "ha">${entities}]>${xml}`, '&e9;');
  },
  'an entity that is not defined': (xml) => inFirstText(xml, '&nbsp;'),
  'elements without end, one in the other': (xml) => xml.replace('<s:Body>', `<s:Body>${'<a>'.repeat(100_000)}`),
  'an end tag too many': (xml) => xml.replace('</s:Body>', '</x></s:Body>'),
  'no end': (xml) => xml.slice(0, xml.length / 2),
  nothing: () => '',
  'a web page': () => '<!DOCTYPE html><html><body>Welcome</body></html>',
  'a NUL': (xml) => inFirstText(xml, '\u0000'),
  'a property that is no number': (xml) => xml.replaceAll(/<PercentTotalRunTime>\d+</g, '<PercentTotalRunTime>many<'),
  'a sign': (xml) => xml.replaceAll(/<PercentTotalRunTime>(\d+)</g, '<PercentTotalRunTime>-$1<'),
};
