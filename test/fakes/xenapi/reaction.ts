import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request as the fake's `react` sees it. */
export interface Call {
  /** Index of the host that it came to. */
  readonly host: number;
  /** `session.login_with_password`, `GET /rrd_updates`, … */
  readonly name: string;
  /** Of a call of XenAPI, the session included. */
  readonly params: readonly unknown[];
  readonly query: URLSearchParams;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a test may have the fake do instead of answering properly. */
export type Reaction =
  /** The answer of XenAPI is this error, name first. */
  | { readonly error: readonly string[] }
  | Answer
  /** The proper answer, distorted. */
  | { readonly rewrite: (body: string) => string }
  /** The proper answer, late. */
  | { readonly afterMs: number }
  | 'hang'
  | 'disconnect'
  /** The head and half of the body, then no more. */
  | 'cut'
  /** A byte of the body now and then. */
  | 'trickle'
  /** A body without an end. */
  | 'endless';

export type React = (call: Call) => Reaction | undefined;

const RRD = ['GET /rrd_updates', 'GET /vm_rrd', 'GET /host_rrd'];
const among =
  (names: readonly string[], hosts?: readonly number[]) =>
  (call: Call): boolean =>
    names.includes(call.name) && (hosts?.includes(call.host) ?? true);

/** xcp-rrdd does not answer while XAPI lives: of these hosts, or all. */
export const rrddDown = (hosts?: readonly number[], status = 500): React => {
  const isMeant = among(RRD, hosts);
  const body = '<html><body><h1>HTTP 500 internal server error</h1>An unexpected error occurred</body></html>';
  return (call) => (isMeant(call) ? { status, type: 'text/html', body } : undefined);
};

/** The same reaction to every call of these names, on these hosts or all. */
export const always = (reaction: Reaction, names: readonly string[], hosts?: readonly number[]): React => {
  const isMeant = among(names, hosts);
  return (call) => (isMeant(call) ? reaction : undefined);
};

/** A reaction to the first `count` calls that it applies to. */
export const atMost = (count: number, react: React): React => {
  let left = count;
  return (call) => {
    const reaction = left > 0 ? react(call) : undefined;
    if (reaction) left--;
    return reaction;
  };
};

export const either =
  (...reacts: readonly React[]): React =>
  (call) =>
    reacts.map((react) => react(call)).find((reaction) => reaction !== undefined);

/** A document type with entities of entities in front of every XML answer. */
export const withDtd = (names: readonly string[]): React => {
  const declared = '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">';
  const rewrite = (body: string): string => body.replace('?>', `?><!DOCTYPE r [${declared}]>`);
  return always({ rewrite }, names);
};

/** Sends an answer, misbehaving as told. Returns when it is sent, or never will be. */
export async function send(
  to: ServerResponse<IncomingMessage>,
  answer: Answer,
  reaction: Reaction | undefined,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  const { status, type, body, headers } =
    reaction && typeof reaction === 'object' && 'status' in reaction ? reaction : answer;
  const text = reaction && typeof reaction === 'object' && 'rewrite' in reaction ? reaction.rewrite(body) : body;
  const bytes = Buffer.from(text);
  if (reaction && typeof reaction === 'object' && 'afterMs' in reaction) await sleep(reaction.afterMs);
  if (reaction === 'hang') return;
  if (reaction === 'disconnect' || to.destroyed) {
    to.destroy();
    return;
  }
  const head = { 'content-type': type, 'access-control-allow-origin': '*', ...headers };
  to.writeHead(status, reaction === 'endless' ? head : { ...head, 'content-length': bytes.length });
  if (reaction === 'cut') {
    to.write(bytes.subarray(0, bytes.length >> 1));
  } else if (reaction === 'trickle') {
    for (let at = 0; at < bytes.length && !to.destroyed; at++) {
      to.write(bytes.subarray(at, at + 1));
      await sleep(200);
    }
    to.end();
  } else if (reaction === 'endless') {
    const more = Buffer.alloc(65_536, ' ');
    while (!to.destroyed) if (!to.write(more)) await drained(to);
  } else to.end(bytes);
}

const drained = (to: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      to.off('drain', done).off('close', done);
      resolve();
    };
    to.on('drain', done).on('close', done);
  });
