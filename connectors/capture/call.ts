import { isMethod } from './shapes.ts';

/** What a request asks for, as files are named after it. */
export interface Call {
  /** `QueryPerf`, `event.from`, `rrd_updates`; `unknown` where it cannot be told. */
  readonly name: string;
  /** It holds user and password, and its answer the session. */
  readonly isLogin: boolean;
}

const SOAP = /<(?:\w+:)?Body>\s*<(?:\w+:)?(\w+)/;
const XML_RPC = /<methodName>\s*([\w.]+)\s*<\/methodName>/;
const JSON_RPC = /"method"\s*:\s*"([\w.]+)"/;

/** Tells it from the request itself. */
export function callOf(path: string, body: string): Call {
  const said = [SOAP, XML_RPC, JSON_RPC].map((form) => form.exec(body)?.[1]).find((name) => name !== undefined);
  const name = said ?? (body === '' ? path.replace(/\?.*$/s, '').split('/').at(-1) : undefined) ?? '';
  return { name: isMethod(name) ? name : 'unknown', isLogin: /login/i.test(name) };
}

const KNOWN_PATH = new Set(['sdk', 'wsman', 'jsonrpc', 'rrd_updates']);
/** Parameters of a query that are no secrets, and what their values look like. */
const PARAMETERS: Readonly<Record<string, RegExp>> = {
  start: /^-?\d{1,12}$/,
  interval: /^\d{1,6}$/,
  cf: /^[A-Z]{1,10}$/,
  host: /^(?:true|false)$/,
  json: /^(?:true|false)$/,
};

/** A request's path as it is written: of the query only what is known to be harmless, such as not the session. */
export function shownPath(path: string, text: (part: string) => string): string {
  const [, folders = '', query] = /^([^?]*)(?:\?(.*))?$/s.exec(path) ?? [];
  const parts = folders.split('/').map((part) => (part === '' || KNOWN_PATH.has(part) ? part : text(part)));
  if (query === undefined) return parts.join('/');
  const kept = [...new URLSearchParams(query)].filter(([name, value]) => PARAMETERS[name]?.test(value));
  return `${parts.join('/')}?${new URLSearchParams(kept)}`;
}
