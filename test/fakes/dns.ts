import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server, type Socket as Stream } from 'node:net';

export interface Srv {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

/** What the server says of a name: its records, that there is no such name, that it fails, or nothing at all. */
export type Said = readonly Srv[] | 'nxdomain' | 'servfail' | 'refused' | 'silence';

const SRV = 33;
/** What a datagram may hold when the asker does not say (RFC 1035, 2.3.4). */
const DATAGRAM_BYTES = 512;
const CODES = { nxdomain: 3, servfail: 2, refused: 5 } as const;

/**
 * A name server for SRV records on loopback, over UDP and, where an answer does not fit, TCP (RFC 1035, RFC 2782). It
 * turns the order of its records at each answer, as name servers do.
 */
export class FakeDns {
  readonly zone = new Map<string, Said>();
  asked = 0;
  port = 0;
  readonly #udp: Socket = createSocket('udp4');
  readonly #tcp: Server;
  readonly #streams = new Set<Stream>();

  constructor() {
    this.#udp.on('message', (message, { port, address }) => {
      const answer = this.#answer(message, DATAGRAM_BYTES);
      if (answer !== null) this.#udp.send(answer, port, address);
    });
    this.#tcp = createServer((stream) => {
      this.#streams.add(stream);
      stream.on('close', () => this.#streams.delete(stream)).on('error', () => undefined);
      let waiting = Buffer.alloc(0);
      stream.on('data', (chunk) => {
        waiting = Buffer.concat([waiting, chunk]);
        while (waiting.length >= 2 && waiting.length >= 2 + waiting.readUInt16BE(0)) {
          const end = 2 + waiting.readUInt16BE(0);
          const answer = this.#answer(waiting.subarray(2, end), 65_535);
          waiting = waiting.subarray(end);
          if (answer !== null) stream.write(Buffer.concat([uint16(answer.length), answer]));
        }
      });
    });
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async up(): Promise<this> {
    await new Promise<void>((resolve) => this.#tcp.listen(0, '127.0.0.1', resolve));
    const address = this.#tcp.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
    await new Promise<void>((resolve, reject) => {
      this.#udp.once('error', reject);
      this.#udp.bind(this.port, '127.0.0.1', resolve);
    });
    return this;
  }

  async down(): Promise<void> {
    for (const stream of this.#streams) stream.destroy();
    await new Promise<void>((resolve) => this.#udp.close(resolve));
    await new Promise((resolve) => this.#tcp.close(resolve));
  }

  #answer(query: Buffer, mostBytes: number): Buffer | null {
    const { name, type, end } = questionOf(query);
    this.asked++;
    const said = this.zone.get(name) ?? 'nxdomain';
    if (said === 'silence') return null;
    const code = typeof said === 'string' ? CODES[said] : 0;
    const turned = typeof said === 'string' || type !== SRV ? [] : turn(said, this.asked);
    const records = turned.map(record);
    const whole = Buffer.concat([head(query, records.length, code, false), query.subarray(12, end), ...records]);
    if (whole.length <= mostBytes) return whole;
    return Buffer.concat([head(query, 0, code, true), query.subarray(12, end)]);
  }
}

const turn = <One>(list: readonly One[], by: number): readonly One[] => {
  const at = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
};

const uint16 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, 2 * index);
  return bytes;
};

/** id, flags (QR, AA, TC, RD as asked, RA, code), counts. */
const head = (query: Buffer, answers: number, code: number, isCut: boolean): Buffer =>
  uint16(
    query.readUInt16BE(0),
    0x8400 | (isCut ? 0x0200 : 0) | (query.readUInt16BE(2) & 0x0100) | 0x0080 | code,
    1,
    answers,
    0,
    0,
  );

function questionOf(query: Buffer): { readonly name: string; readonly type: number; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** The name by a pointer to the question, SRV, IN, a TTL of 5 s, then priority, weight, port and the target unpacked. */
function record({ priority, weight, port, target }: Srv): Buffer {
  const data = Buffer.concat([uint16(priority, weight, port), encodedName(target)]);
  return Buffer.concat([uint16(0xc00c, SRV, 1, 0, 5, data.length), data]);
}

const encodedName = (name: string): Buffer =>
  Buffer.concat([
    ...name
      .split('.')
      .filter((label) => label !== '')
      .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ]);
