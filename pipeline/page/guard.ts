import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Answer, Route, Stream } from '../runtime/ops.ts';

/** No script, style or picture but the page's own, nothing inline, no connection elsewhere, no frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * A route of the page with its policy. Where the port is on loopback it answers to the names of loopback alone: a web
 * site whose name was made to point here (DNS rebinding) is told nothing.
 */
export const guarded =
  (route: Route, isLoopback: boolean): Route =>
  async (request) => {
    if (isLoopback && !isLocal(request)) return STRANGER;
    const reply = await route(request);
    return isStream(reply) ? reply : { ...reply, headers: { ...reply.headers, 'content-security-policy': POLICY } };
  };

const STRANGER: Answer = {
  status: 421,
  type: 'text/plain; charset=utf-8',
  body: 'the status page answers to localhost and to addresses alone; see docs/page.md\n',
};

/** The request was sent to an address, or to localhost. */
function isLocal({ headers }: IncomingMessage): boolean {
  const name = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || name.endsWith('.localhost') || isIP(name) !== 0;
}

/** Is it an address, or a name, of this machine alone? */
export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');

const isStream = (reply: Answer | Stream): reply is Stream => 'open' in reply;
