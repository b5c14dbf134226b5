import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from './fault.ts';

/** What a test may have the fake do instead of answering properly, or after having answered properly to itself. */
export type Reaction =
  | { readonly fault: Fault }
  /** This text as it is, never sealed. */
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  /** The proper answer, changed before it is sealed. */
  | { readonly rewrite: (xml: string) => string }
  /** The proper answer's bytes as they go out, changed: of a sealed one, its parts. */
  | { readonly tamper: (bytes: Buffer) => Buffer }
  /** The proper answer, or that of `next`, after this real time. */
  | { readonly afterMs: number; readonly next?: Reaction }
  /** The proper answer, so many bytes at a time. */
  | { readonly drip: { readonly bytes: number; readonly everyMs: number } }
  /** Never an answer, though what was asked was carried out. */
  | 'hang'
  /** The connection is closed without an answer. */
  | 'disconnect'
  /** Half of the proper answer, then the connection is closed. */
  | 'halve'
  /** The proper answer's beginning, not sealed, and then items for ever. */
  | 'endless';

/** What an answer is on the wire. */
export interface Wire {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly bytes: Buffer;
}

/** A piece of the endless answer; a client is to give up after some of them. */
const ENDLESS = '<w:XmlFragment><Name>web:Hv VP 0</Name></w:XmlFragment>'.repeat(1000);

/** Sends an answer, `xml` packed as `wire`, in the way of a reaction. */
export async function play(
  reaction: 'hang' | 'disconnect' | 'halve' | 'endless' | Extract<Reaction, { drip: unknown }>,
  wire: Wire,
  xml: string,
  response: ServerResponse,
): Promise<void> {
  if (reaction === 'hang') return;
  if (reaction === 'disconnect') response.destroy();
  else if (reaction === 'halve') halve(wire, response);
  else if (reaction === 'endless') await endless(xml, response);
  else await drip(wire, response, reaction.drip);
}

export function send({ status, headers, bytes }: Wire, response: ServerResponse): void {
  if (response.destroyed) return;
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  response.end(bytes);
}

function halve({ status, headers, bytes }: Wire, response: ServerResponse): void {
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
}

async function endless(xml: string, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/soap+xml;charset=UTF-8' });
  const items = /<[wn]:Items>/.exec(xml);
  response.write(items ? xml.slice(0, items.index + items[0].length) : xml.slice(0, xml.indexOf('</s:Body>')));
  // It ends when the client goes.
  await pipeline(Readable.from(forEver()), response).catch(() => undefined);
}

function* forEver(): Generator<string> {
  for (;;) yield ENDLESS;
}

async function drip(
  { status, headers, bytes }: Wire,
  response: ServerResponse,
  by: { readonly bytes: number; readonly everyMs: number },
): Promise<void> {
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  for (let at = 0; at < bytes.length && !response.destroyed; at += by.bytes) {
    response.write(bytes.subarray(at, at + by.bytes));
    await delay(by.everyMs);
  }
  response.end();
}
