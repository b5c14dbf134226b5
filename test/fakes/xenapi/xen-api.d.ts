/** What the tests use of npm's xen-api, which has no types. */
declare module 'xen-api' {
  import type { EventEmitter } from 'node:events';

  interface XapiObject {
    readonly $type: string;
    readonly $ref: string;
    readonly uuid: string;
    readonly name_label: string;
    readonly [field: string]: unknown;
  }

  interface Xapi extends EventEmitter {
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

  export function createClient(options: {
    readonly url: string;
    readonly auth: { readonly user: string; readonly password: string };
    readonly allowUnauthorized?: boolean;
    readonly watchEvents?: boolean | readonly string[];
    readonly debounce?: number;
  }): Xapi;
}
