import type { Answer } from './client.ts';

/** What an answer means for the samples that were sent, whatever the protocol. */
export type Verdict =
  | { readonly is: 'done' }
  /** Delivered but for so many samples; which of them, the server does not say. With 0 it is a warning. */
  | { readonly is: 'partly'; readonly rejected: number; readonly words: string }
  /** Too much for one request. */
  | { readonly is: 'too_large' }
  /** Something in it is not acceptable and never will be. */
  | { readonly is: 'refused'; readonly words: string }
  /** It may be something in it, or the server: what becomes of others tells. */
  | { readonly is: 'doubtful'; readonly words: string }
  /** Nothing is said of the samples: it is the server, the way to it or our settings. */
  | { readonly is: 'unavailable'; readonly why: string; readonly afterMs: number };

/** A server may ask for more; then it is asked again after that. */
const MOST_WAIT_MS = 300_000;
const MAX_WORDS = 300;

/** Answers that tell of our settings and not of the samples, and what to set right. */
const REMEDIES: Readonly<Record<number, string>> = {
  401: 'it does not know us: check auth',
  403: 'it forbids us to write: check auth and the rights of that user',
  404: 'nothing takes samples there: check the path of url',
  405: 'nothing takes a POST there: check the path of url',
  406: 'it has no answer in a form that we take: check the path of url',
  402: 'the account there is not paid for: pay, or check auth',
  407: 'a proxy wants credentials: reach the server directly',
  410: 'nothing takes samples there any more: check url',
  411: 'it wants another kind of request: is a proxy between?',
  414: 'the address is too long for it: check url',
  415: 'it does not read this format: check the path of url and the version of the server',
  421: 'it serves another host: check url',
  426: 'it wants another protocol: check url',
  431: 'the headers are too large for it: check headers',
  501: 'it does not do this at all: check the path of url',
  505: 'it does not speak HTTP/1.1: check url',
};
/** Words of a 400 that tell of TLS and not of the samples: those of nginx, Go's net/http and Apache. */
const TLS_REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/plain HTTP request was sent to HTTPS port/i, 'it wants TLS: set url to https://'],
  [/client sent an HTTP request to an HTTPS server/i, 'it wants TLS: set url to https://'],
  [/speaking plain HTTP to an SSL-enabled server port/i, 'it wants TLS: set url to https://'],
  [/no required SSL certificate was sent/i, 'it wants a client certificate: set tls.certFile and tls.keyFile'],
  [/the SSL certificate error/i, 'it does not take our certificate: renew what tls.certFile and tls.keyFile name'],
];
/** Of the 4xx, those that tell of the samples (409: Thanos, of their time), and those that pass. */
const OF_SAMPLES = new Set([400, 409, 422]);
const PASSING = new Set([408, 425, 429]);
/** The others are said of whatever is sent there. */
const OF_ANYTHING = 'it says so of whatever is sent: check url, auth and headers, and what is between';

/** The verdict of an answer, by its status. `nowUs`: the time, for a Retry-After that is a date. */
export function verdictOf(answer: Answer, nowUs: number): Verdict {
  const { status } = answer;
  if (status >= 200 && status < 300) return { is: 'done' };
  if (status === 413) return { is: 'too_large' };
  const words = wordsOf(answer);
  const known = remedyOf(answer);
  if (OF_SAMPLES.has(status) && known === undefined) return { is: 'refused', words };
  return { is: 'unavailable', why: known === undefined ? words : `${words}: ${known}`, afterMs: waitOf(answer, nowUs) };
}

function remedyOf(answer: Answer): string | undefined {
  const { status, body } = answer;
  if (status >= 300 && status < 400) return redirection(answer);
  if (status !== 400) return REMEDIES[status] ?? (isOfAnything(status) ? OF_ANYTHING : undefined);
  const said = body.toString('utf8');
  return TLS_REMEDIES.find(([words]) => words.test(said))?.[1];
}

const isOfAnything = (status: number): boolean =>
  status >= 400 && status < 500 && !OF_SAMPLES.has(status) && !PASSING.has(status);

const redirection = (answer: Answer): string =>
  `it redirects to ${oneLine(answer.header('location') ?? 'nowhere')}: set url to where samples are taken`;

/** The status and what the server says to it, in one line. */
export function wordsOf({ status, body, header }: Answer): string {
  const isText = !/protobuf|octet-stream/.test(header('content-type') ?? '');
  const words = isText ? oneLine(body.toString('utf8')) : '';
  return words === '' ? `answer ${status}` : `answer ${status}: ${words}`;
}

/** A server's words, bounded and without anything that a log or a terminal would take as its own. */
export function oneLine(text: string): string {
  const line = text
    .slice(0, 8 * MAX_WORDS)
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim();
  return line.length <= MAX_WORDS ? line : `${line.slice(0, MAX_WORDS)}…`;
}

/** How long a server asks to be left alone (RFC 9110, 10.2.3): seconds or a date; 0 where it does not. */
function waitOf(answer: Answer, nowUs: number): number {
  const asked = answer.header('retry-after')?.trim() ?? '';
  const ms = /^\d{1,9}$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - nowUs / 1000;
  return Number.isFinite(ms) ? Math.ceil(Math.min(MOST_WAIT_MS, Math.max(0, ms))) : 0;
}
