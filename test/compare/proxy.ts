import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { PROCEDURES } from '../../connectors/libvirt/procedures.ts';
import { decodePacket, PacketSplitter, REMOTE_PROGRAM } from '../../connectors/libvirt/protocol.ts';

/** A way to libvirtd that counts what goes over it. */
export interface CountingProxy {
  readonly uri: string;
  /** Calls of remote procedures so far. */
  calls(): number;
  /** Statistics of this domain that libvirtd has given so far; `uuid` with dashes. */
  answers(uuid: string): number;
  close(): void;
}

/** Listens on loopback and hands everything on to libvirtd's TCP port unchanged. */
export async function startProxy(port: number): Promise<CountingProxy> {
  let calls = 0;
  const answers: Buffer[] = [];
  const server = createServer((client) => {
    const daemon = connect({ host: '127.0.0.1', port });
    const [asked, given] = [new PacketSplitter(), new PacketSplitter()];
    client.on('data', (bytes: Buffer) => {
      for (const { program, type } of asked.push(bytes).map(decodePacket))
        if (program === REMOTE_PROGRAM && type === 'call') calls++;
    });
    daemon.on('data', (bytes: Buffer) => {
      for (const { type, procedure, failed, payload } of given.push(bytes).map(decodePacket))
        if (type === 'reply' && procedure === PROCEDURES.CONNECT_GET_ALL_DOMAIN_STATS && !failed)
          answers.push(Buffer.from(payload));
    });
    client.pipe(daemon);
    daemon.pipe(client);
    // An agent that is killed, or a daemon that is: the other side sees it end.
    client.on('error', () => daemon.destroy());
    daemon.on('error', () => client.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  return {
    uri: `qemu+tcp://127.0.0.1:${(server.address() as AddressInfo).port}/system`,
    calls: () => calls,
    answers: (uuid) => {
      const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex');
      return answers.filter((payload) => payload.includes(bytes)).length;
    },
    close: () => void server.close(),
  };
}
