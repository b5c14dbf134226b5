/** A request as it goes out, once for each that is made. */
export interface TappedRequest {
  readonly origin: string;
  readonly method: string;
  readonly path: string;
  readonly body: string | Uint8Array | null;
}

/** Told of one request's answer, in this order. It must not throw, and must not change the bytes. */
export interface TappedAnswer {
  /** Headers by their names in lower case, `content-encoding` left out: bytes come unpacked. */
  head(status: number, headers: Readonly<Record<string, string | readonly string[] | undefined>>): void;
  /** A piece of the body, as whoever asked is about to see it. */
  bytes(piece: Uint8Array): void;
  /** The first time counts: `whole` where the body was read to its end; not where there was no answer, or it was given up. */
  end(whole: boolean): void;
}

/** Looks on while requests are made. */
export type HttpTap = (request: TappedRequest) => TappedAnswer;
