import type { IncomingMessage } from 'node:http';
import type { Answer } from '../runtime/ops.ts';

/** What stands behind the `?` of a request. */
export const wordsOf = (request: IncomingMessage): URLSearchParams =>
  new URLSearchParams((request.url ?? '').split('?', 2)[1] ?? '');

/** The text that VMs are looked for by. */
export const findIn = (words: URLSearchParams): string => (words.get('find') ?? '').slice(0, 200);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const isUuid = (text: string): boolean => UUID.test(text);

export const json = (content: unknown): Answer => ({ type: 'application/json', body: JSON.stringify(content) });

export const NO_UUID: Answer = { status: 400, type: 'text/plain; charset=utf-8', body: 'id is to be a uuid\n' };
