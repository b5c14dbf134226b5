import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { PROCEDURES } from '../../connectors/libvirt/procedures.ts';
import {
  decodePacket,
  encodePacket,
  KEEPALIVE_PROGRAM,
  type Packet,
  PacketSplitter,
  PING,
  PONG,
  REMOTE_PROGRAM,
} from '../../connectors/libvirt/protocol.ts';
import { ProtocolError, XdrReader } from '../../connectors/libvirt/xdr.ts';
import * as answers from './libvirtd-answers.ts';

const NODE: answers.FakeNode = {
  cpus: 4,
  cpuTimes: { kernel: 1_000_000_000n, user: 2_000_000_000n, idle: 36_000_000_000n, iowait: 1_000_000_000n },
  memory: { total: 8_388_608n, free: 1_048_576n, buffers: 524_288n, cached: 2_097_152n },
};

/** Procedures that virsh wants besides the connector's. */
const VIRSH = { DOMAIN_LOOKUP_BY_NAME: 23, DOMAIN_GET_STATE: 212 };
const NAMES = new Map(Object.entries({ ...PROCEDURES, ...VIRSH }).map(([name, number]) => [number, name]));

export interface Call {
  readonly procedure: string;
  readonly payload: Buffer;
}

/** What a test may have the fake do instead of answering properly. */
export type Reaction =
  | { readonly payload: Buffer }
  | { readonly error: readonly [code: number, message: string] }
  /** These bytes as they are, in place of a packet. */
  | { readonly raw: (serial: number) => Buffer }
  | 'hang'
  | 'disconnect';

export interface FakeOptions {
  /** Another loopback address than 127.0.0.1. */
  readonly host?: string;
  readonly domains?: readonly answers.FakeDomain[];
  readonly node?: answers.FakeNode;
  /** Ways to authenticate, by number; default 0, none. */
  readonly auth?: readonly number[];
  /** Leave pings unanswered. */
  readonly mute?: boolean;
  /** Undefined: answer properly. */
  readonly react?: (call: Call, fake: FakeLibvirtd) => Reaction | undefined;
  /** Speak TLS, writing this once the handshake is done. */
  readonly tls?: TlsOptions & { readonly greeting: Buffer | null };
}

/** A libvirt daemon on a loopback port that knows a few domains and misbehaves as told. */
export class FakeLibvirtd {
  domains: readonly answers.FakeDomain[];
  node: answers.FakeNode;
  /** Names of the procedures that were called, in order. */
  readonly calls: string[] = [];
  pongs = 0;
  pings = 0;
  /** What came and went over its sockets. */
  readonly bytes = { in: 0, out: 0 };
  readonly #options: FakeOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Calls that were left hanging. */
  #hanging: (() => void)[] = [];

  private constructor(options: FakeOptions) {
    this.#options = options;
    this.domains = options.domains ?? [];
    this.node = options.node ?? NODE;
    const { tls } = options;
    this.#server = tls
      ? createTlsServer(tls, (socket) => {
          if (tls.greeting) socket.write(tls.greeting);
          else socket.end();
          this.#serve(socket);
        })
      : createServer((socket) => this.#serve(socket));
  }

  static async start(options: FakeOptions = {}): Promise<FakeLibvirtd> {
    const fake = new FakeLibvirtd(options);
    await new Promise<void>((resolve) => fake.#server.listen(0, options.host ?? '127.0.0.1', resolve));
    return fake;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return address.port;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  count(procedure: string): number {
    return this.calls.filter((call) => call === procedure).length;
  }

  /** Answers, now and properly, every call that hangs. */
  release(): void {
    const hanging = this.#hanging;
    this.#hanging = [];
    for (const answer of hanging) answer();
  }

  /** An event message about a domain, with the serial 1 that libvirtd gives all of them; a started one unless told. */
  emit(procedure: number, domain: answers.FakeDomain, event = 2, detail = 0): void {
    const payload = answers.event(domain, event, detail);
    this.#broadcast(encodePacket({ program: REMOTE_PROGRAM, procedure, type: 'message', serial: 1, payload }));
  }

  ping(): void {
    this.#broadcast(keepalive(PING));
  }

  disconnect(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.disconnect();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #broadcast(bytes: Buffer): void {
    for (const socket of this.#sockets) this.#write(socket, bytes);
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const splitter = new PacketSplitter();
    socket.on('data', (chunk: Buffer) => {
      this.bytes.in += chunk.length;
      try {
        for (const bytes of splitter.push(chunk)) this.#receive(socket, decodePacket(bytes));
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        socket.destroy();
      }
    });
  }

  #receive(socket: Socket, packet: Packet): void {
    if (packet.program === KEEPALIVE_PROGRAM) {
      if (packet.procedure === PONG) this.pongs++;
      else this.pings++;
      if (packet.procedure === PING && !this.#options.mute) this.#write(socket, keepalive(PONG));
      return;
    }
    const call = { procedure: NAMES.get(packet.procedure) ?? String(packet.procedure), payload: packet.payload };
    this.calls.push(call.procedure);
    const reaction = this.#options.react?.(call, this);
    if (reaction === 'disconnect') socket.destroy();
    else if (reaction === 'hang')
      this.#hanging.push(() => this.#write(socket, this.#reply(packet, this.#answer(call))));
    else if (reaction && 'raw' in reaction) this.#write(socket, reaction.raw(packet.serial));
    else this.#write(socket, this.#reply(packet, reaction ?? this.#answer(call)));
  }

  #write(socket: Socket, bytes: Buffer): void {
    this.bytes.out += bytes.length;
    socket.write(bytes);
  }

  #reply(to: Packet, reaction: Reaction): Buffer {
    if (typeof reaction === 'string' || 'raw' in reaction) throw new Error('not a reply');
    const failed = 'error' in reaction;
    const payload = failed ? answers.error(...reaction.error) : reaction.payload;
    const { procedure, serial } = to;
    return encodePacket({ program: REMOTE_PROGRAM, procedure, type: 'reply', serial, failed, payload });
  }

  #answer({ procedure, payload }: Call): Reaction {
    const from = new XdrReader(payload);
    switch (procedure) {
      case 'AUTH_LIST':
        return { payload: answers.authList(this.#options.auth ?? [0]) };
      case 'CONNECT_SUPPORTS_FEATURE':
        return { payload: answers.int(from.int() === 10 ? 1 : 0) };
      case 'CONNECT_GET_HOSTNAME':
        return { payload: answers.string('fake-host') };
      case 'NODE_GET_INFO':
        return { payload: answers.nodeInfo(this.node) };
      case 'NODE_GET_CPU_STATS':
        from.int();
        return answers.nodeStats(this.node.cpuTimes, from.int());
      case 'NODE_GET_MEMORY_STATS':
        return answers.nodeStats(this.node.memory, from.int());
      case 'CONNECT_OPEN':
      case 'CONNECT_CLOSE':
        return { payload: Buffer.alloc(0) };
      case 'CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY':
        return { payload: answers.int(from.int()) };
      case 'CONNECT_GET_ALL_DOMAIN_STATS':
        return { payload: answers.allStats(this.domains) };
      case 'CONNECT_LIST_ALL_DOMAINS':
        return { payload: answers.list(this.domains) };
      case 'DOMAIN_LOOKUP_BY_NAME':
        return answers.lookUp(from.string(), this.domains);
      default:
        return answers.aboutDomain(procedure, from, this.domains);
    }
  }
}

const keepalive = (procedure: number): Buffer =>
  encodePacket({ program: KEEPALIVE_PROGRAM, procedure, type: 'message', serial: 0, payload: Buffer.alloc(0) });
