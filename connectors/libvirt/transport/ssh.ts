import { spawn } from 'node:child_process';
import { EndpointError } from '../../connector.ts';
import { type Address, isVerified } from '../address.ts';
import type { Transport } from './transport.ts';
import { socketCandidates } from './unix.ts';

/** What is kept of ssh's complaints; the last line is the one that matters. */
const MAX_COMPLAINT_BYTES = 4096;
const SSH_FAILED = 255;

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * The shell line for the far side, as libvirt's own client sends one: its helper where it is installed (which finds
 * the socket itself; -r opens it for reading only), else netcat on the socket. `?proxy=native|netcat` picks one.
 */
export function remoteCommand(address: Address): string {
  const proxy = address.parameters.get('proxy') ?? 'auto';
  const netcat = quote(address.parameters.get('netcat') ?? 'nc');
  const [socket = ''] = socketCandidates(address, '/run');
  const native = `virt-ssh-helper -r ${quote(address.name)}`;
  // Without -q0 some netcats stay after their input has ended, and others do not know the option.
  const relay = `if ${netcat} -q 2>&1 | grep 'requires an argument' >/dev/null; then q=-q0; else q=; fi; exec ${netcat} $q -U ${quote(socket)}`;
  if (proxy === 'native') return native;
  if (proxy === 'netcat' || address.parameters.has('socket')) return `sh -c ${quote(relay)}`;
  return `sh -c ${quote(`if command -v virt-ssh-helper >/dev/null 2>&1; then exec ${native}; else ${relay}; fi`)}`;
}

/** The arguments for OpenSSH's client: never asks, never allocates a terminal, host and user are never options. */
export function sshArguments(address: Address): string[] {
  const of = (name: string): string | undefined => address.parameters.get(name);
  const knownHosts = of('known_hosts');
  return [
    ...['-T', '-e', 'none', '-o', 'BatchMode=yes'],
    ...(isVerified(address) ? [] : ['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null']),
    ...(knownHosts ? ['-o', `UserKnownHostsFile=${knownHosts}`] : []),
    ...(of('keyfile') ? ['-o', 'IdentitiesOnly=yes', '-i', of('keyfile') ?? ''] : []),
    ...(address.port ? ['-p', String(address.port)] : []),
    ...(address.user ? ['-l', address.user] : []),
    ...['--', address.host ?? 'localhost', remoteCommand(address)],
  ];
}

/** Runs the system's ssh and speaks through its standard streams; what ssh complains of ends up in the error. */
export function openSsh(endpoint: string, address: Address): Transport {
  const label = `ssh://${address.host}`;
  const child = spawn(address.parameters.get('command') ?? 'ssh', sshArguments(address), { stdio: 'pipe' });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString('utf8')).slice(-MAX_COMPLAINT_BYTES);
  });
  const ended = new Promise<Error | undefined>((resolve) => {
    child.once('error', (error) => {
      const message = `${label}: the ssh client cannot be run: ${error.message}`;
      resolve(new EndpointError('unsupported', endpoint, message, error));
    });
    child.once('close', (code) => resolve(sshError(endpoint, label, code, complaints)));
  });
  // What fails because ssh is gone; `ended` tells why it is.
  for (const stream of [child.stdin, child.stdout]) stream.on('error', () => undefined);
  return {
    label,
    input: child.stdout,
    output: child.stdin,
    ended,
    close: () => child.stdin.end(),
    destroy: () => child.kill(),
  };
}

function sshError(endpoint: string, label: string, code: number | null, complaints: string): EndpointError | undefined {
  if (code === 0) return undefined;
  const last = complaints.trim().split(/\r?\n/).at(-1) || `ended with code ${code}`;
  const refused = /denied|verification failed|not allowed/i.test(last);
  const kind = code !== SSH_FAILED ? 'lost' : refused ? 'refused' : 'unreachable';
  return new EndpointError(kind, endpoint, `${label}: ssh: ${last}`);
}
