import type { EventEmitter } from 'node:events';
import { xenApi } from '../../services/service.ts';

interface XapiObject {
  readonly $type: string;
  readonly $ref: string;
  readonly uuid: string;
  readonly name_label: string;
  readonly [field: string]: unknown;
}

export interface Xapi extends EventEmitter {
  readonly objects: EventEmitter & { readonly all: Readonly<Record<string, XapiObject>> };
  readonly objectsFetched: Promise<void>;
  readonly pool: XapiObject;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  call(method: string, ...params: readonly unknown[]): Promise<unknown>;
  barrier(ref?: string): Promise<XapiObject>;
  getResource(
    path: string,
    options?: {
      readonly query?: Readonly<Record<string, unknown>>;
      readonly host?: XapiObject;
      readonly task?: boolean;
    },
  ): Promise<{
    readonly statusCode: number;
    readonly body: { text(): Promise<string> };
    readonly task?: Promise<unknown>;
  }>;
}

interface Options {
  readonly url: string;
  readonly auth: { readonly user: string; readonly password: string };
  readonly allowUnauthorized?: boolean;
  readonly watchEvents?: boolean | readonly string[];
  readonly debounce?: number;
}

/** Loads npm's xen-api, which has no types: this much of it the tests use. */
export async function loadXenApi(): Promise<{ createClient(options: Options): Xapi }> {
  return import(xenApi);
}
