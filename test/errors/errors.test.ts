import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { parts } from '../../pipeline/cli/composition.ts';
import { runWith } from '../pipeline/cli/test-parts.ts';
import { servicesDir } from '../pipeline/sinks/amqp/a-rabbit.ts';
import { available, type ServiceName } from '../services/service.ts';
import { errorsDocs } from './errors-docs.ts';
import type { Mistake, Place, Section } from './mistake.ts';
import { AMQP } from './mistakes/amqp.ts';
import { COMMAND_LINE } from './mistakes/command-line.ts';
import { CONFIGURATION } from './mistakes/configuration.ts';
import { FILES_AND_PORTS } from './mistakes/files-and-ports.ts';
import { HYPERVISORS } from './mistakes/hypervisors.ts';
import { KAFKA } from './mistakes/kafka.ts';
import { REDIS } from './mistakes/redis.ts';

const SECTIONS: readonly Section[] = [CONFIGURATION, COMMAND_LINE, HYPERVISORS, KAFKA, REDIS, AMQP, FILES_AND_PORTS];
const mistakes = SECTIONS.flatMap((section) => section.mistakes);
const there = new Map<ServiceName, boolean>();
for (const name of new Set(mistakes.flatMap(({ needs = [] }) => needs))) there.set(name, await available(name));

/** Port of a server that is closed when the mistake was made. */
async function listening(server: ReturnType<typeof createTcpServer>, undo: (() => unknown)[]): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

type Fault = 'expired' | 'another name';
const made = new Map<Fault, { readonly key: Buffer; readonly cert: Buffer }>();

/** A certificate by the CA of the real servers, with one fault; made once, since nothing else goes on meanwhile. */
function certificate(tls: string, fault: Fault): { readonly key: Buffer; readonly cert: Buffer } {
  const known = made.get(fault);
  if (known) return known;
  const folder = mkdtempSync(join(tmpdir(), 'hypermeter-certificate-'));
  const [key, request, names, cert] = ['key', 'csr', 'ext', 'crt'].map((kind) => join(folder, `server.${kind}`)) as [
    string,
    string,
    string,
    string,
  ];
  const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: 'ignore' });
  openssl(
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-subj',
    '/CN=localhost',
    '-keyout',
    key,
    '-out',
    request,
  );
  writeFileSync(names, `subjectAltName=${fault === 'expired' ? 'DNS:localhost,IP:127.0.0.1' : 'DNS:other.example'}`);
  const signer = ['-CA', `${tls}/ca.crt`, '-CAkey', `${tls}/ca.key`, '-set_serial', '77'];
  openssl(
    'x509',
    '-req',
    '-in',
    request,
    ...signer,
    '-days',
    fault === 'expired' ? '-1' : '2',
    '-extfile',
    names,
    '-out',
    cert,
  );
  const read = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  made.set(fault, read);
  return read;
}

/** What is the same each time: names of files and ports of servers of our own, and how long it took. */
function withoutChance(text: string, file: string, folder: string, ports: readonly number[]): string {
  const named = text.replaceAll(file, 'FILE').replaceAll(folder, 'FOLDER');
  return ports
    .reduce((told, port) => told.replaceAll(String(port), 'PORT'), named)
    .replace(/ \(\d+(\.\d)? ms\)$/gm, '');
}

async function provoke(mistake: Mistake): Promise<{ readonly code: number; readonly told: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'hypermeter-mistake-'));
  const secrets = mkdtempSync(join(tmpdir(), 'hypermeter-mistaken-'));
  const undo: (() => unknown)[] = [];
  const ports: number[] = [];
  const taken = async (server: ReturnType<typeof createTcpServer>) => {
    const port = await listening(server, undo);
    ports.push(port);
    return port;
  };
  const place: Place = {
    folder,
    tls: `${servicesDir}/tls`,
    tlsServer: (fault) => {
      const server = createServer(certificate(`${servicesDir}/tls`, fault), (socket) =>
        socket.on('error', () => undefined),
      );
      server.on('tlsClientError', () => undefined);
      return taken(server);
    },
    takenPort: () => taken(createTcpServer()),
    later: (each) => undo.push(each),
  };
  try {
    const yaml = typeof mistake.yaml === 'function' ? await mistake.yaml(place) : mistake.yaml;
    const file = join(secrets, 'hypermeter.yaml');
    if (yaml !== undefined) writeFileSync(file, yaml);
    for (const [, port] of yaml?.matchAll(/127\.0\.0\.1:(\d{5})/g) ?? [])
      if (!KNOWN.includes(Number(port))) ports.push(Number(port));
    const words =
      typeof mistake.words === 'function'
        ? await mistake.words(place)
        : (mistake.words ?? ['config', 'print', '-c', 'FILE']);
    const given = words.map((word) => (word === 'FILE' ? file : word === 'FOLDER' ? folder : word));
    const { code, stdout, stderr } = await runWith(parts, given, mistake.env === undefined ? {} : { env: mistake.env });
    return { code, told: withoutChance(`${stdout}${stderr}`, file, folder, ports) };
  } finally {
    for (const each of undo.reverse()) await each();
    for (const each of [folder, secrets]) rmSync(each, { recursive: true });
  }
}

/** Ports of the real servers, which are always the same. */
const KNOWN = [19092, 19093, 19094, 19095, 19096, 16379, 16380, 15671, 15673, 16509, 16514, 18989, 70000];

/** The whole message, each `…` standing for anything on its line. */
const pattern = (told: string): RegExp =>
  new RegExp(
    `^${told
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
    'm',
  );

it('there are fifty mistakes and more, each with a place and a remedy of its own words', () => {
  expect(mistakes.length).toBeGreaterThanOrEqual(50);
  for (const { title, told, where, remedy } of mistakes) {
    expect([title, told.includes(where), told.includes(remedy), remedy.length > 5]).toEqual([title, true, true, true]);
  }
});

it('docs/errors.md is what the table prints (vitest -u prints it anew)', async () => {
  await expect(errorsDocs(SECTIONS)).toMatchFileSnapshot('../../docs/errors.md');
});

for (const section of SECTIONS) {
  describe.concurrent(section.title, () => {
    for (const mistake of section.mistakes) {
      const { title, needs = [], code, told } = mistake;
      const run = it.skipIf(needs.some((name) => !there.get(name)));
      run(`${title}${needs.map((name) => ` [${name}]`).join('')}`, async () => {
        const found = await provoke(mistake);
        expect(found.told).toMatch(pattern(told));
        expect(found.told).not.toContain('hunter2');
        expect(found.code).toBe(code);
      });
    }
  });
}
