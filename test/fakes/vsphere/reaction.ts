import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from './fault.ts';

/** What a test may have the fake do instead of answering properly, or after having answered properly to itself. */
export type Reaction =
  | { readonly fault: Fault }
  /** This text as it is. */
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  /** The proper answer, changed. */
  | { readonly rewrite: (xml: string) => string }
  /** The proper answer, or that of `next`, after this real time. */
  | { readonly afterMs: number; readonly next?: Reaction }
  /** The proper answer, so many bytes at a time. */
  | { readonly drip: { readonly bytes: number; readonly everyMs: number } }
  /** Never an answer, though the method was carried out. */
  | 'hang'
  /** The connection is closed without an answer; the method was carried out. */
  | 'disconnect'
  /** Half of the proper answer, then the connection is closed. */
  | 'halve'
  /** The proper answer's beginning, and then elements for ever. */
  | 'endless';

export interface Answer {
  readonly status: number;
  readonly xml: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A piece of the endless answer; a client is to give up after some of them. */
const ENDLESS = '<returnval><entity type="VirtualMachine">vm-1</entity></returnval>'.repeat(1000);

/** Sends an answer in the way of a reaction. `send` is the proper way, packed where that is agreed. */
export async function play(
  reaction: Exclude<Reaction, { afterMs: number } | { fault: Fault }>,
  answer: Answer,
  response: ServerResponse,
  send: (answer: Answer) => void,
): Promise<void> {
  if (reaction === 'hang') return;
  if (reaction === 'disconnect') response.destroy();
  else if (reaction === 'halve') halve(answer, response);
  else if (reaction === 'endless') await endless(answer, response);
  else if ('rewrite' in reaction) send({ ...answer, xml: reaction.rewrite(answer.xml) });
  else if ('drip' in reaction) await drip(answer, response, reaction.drip);
  else send({ status: reaction.status, xml: reaction.body, headers: reaction.headers ?? {} });
}

function halve({ status, xml, headers }: Answer, response: ServerResponse): void {
  const bytes = Buffer.from(xml);
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
}

async function endless({ status, xml, headers }: Answer, response: ServerResponse): Promise<void> {
  response.writeHead(status, headers);
  // Before the end of the response element, which stands before that of the body.
  response.write(xml.slice(0, xml.lastIndexOf('</', xml.lastIndexOf('</soapenv:Body') - 1)));
  // It ends when the client goes.
  await pipeline(Readable.from(forEver()), response).catch(() => undefined);
}

function* forEver(): Generator<string> {
  for (;;) yield ENDLESS;
}

async function drip(
  answer: Answer,
  response: ServerResponse,
  by: { readonly bytes: number; readonly everyMs: number },
) {
  const bytes = Buffer.from(answer.xml);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': bytes.length });
  for (let at = 0; at < bytes.length && !response.destroyed; at += by.bytes) {
    response.write(bytes.subarray(at, at + by.bytes));
    await delay(by.everyMs);
  }
  response.end();
}
