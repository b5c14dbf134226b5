import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAddress } from '../../../../connectors/libvirt/address.ts';
import { openSsh, remoteCommand, sshArguments } from '../../../../connectors/libvirt/transport/ssh.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hypermeter-ssh-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function script(name: string, body: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

describe('sshArguments', () => {
  const of = (uri: string): string => sshArguments(parseAddress(uri)).slice(0, -1).join(' ');

  it.each([
    ['qemu+ssh://kvm1/system', '-T -e none -o BatchMode=yes -- kvm1'],
    ['qemu+ssh://nova@kvm1:2222/system', '-T -e none -o BatchMode=yes -p 2222 -l nova -- kvm1'],
    [
      'qemu+ssh://kvm1/system?keyfile=/k&known_hosts=/h',
      '-T -e none -o BatchMode=yes -o UserKnownHostsFile=/h -o IdentitiesOnly=yes -i /k -- kvm1',
    ],
    [
      'qemu+ssh://kvm1/system?no_verify=1',
      '-T -e none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -- kvm1',
    ],
  ])('%s', (uri, expected) => {
    expect(of(uri)).toBe(expected);
  });
});

describe('remoteCommand', () => {
  /** What a shell makes of the command on a machine that has only these programs, each printing its arguments. */
  async function runs(uri: string, programs: readonly string[]): Promise<string> {
    const path = await mkdtemp(join(directory, 'bin-'));
    for (const program of programs) {
      const file = join(path, program);
      await writeFile(file, `#!/bin/sh\necho "${program} $@"\n`);
      await chmod(file, 0o755);
    }
    const command = remoteCommand(parseAddress(uri));
    return execFileSync('/bin/sh', ['-c', command], {
      encoding: 'utf8',
      env: { PATH: `${path}:/usr/bin:/bin` },
    }).trim();
  }

  it('runs the helper, for reading only', async () => {
    expect(await runs('qemu+ssh://h/system', ['virt-ssh-helper', 'nc'])).toBe('virt-ssh-helper -r qemu:///system');
  });

  it('or netcat on the socket for readers', async () => {
    expect(await runs('qemu+ssh://h/system?proxy=netcat', ['nc'])).toBe('nc -U /run/libvirt/libvirt-sock-ro');
    expect(await runs('qemu+ssh://h/system?netcat=ncat&proxy=netcat', ['ncat'])).toMatch(/^ncat -U/);
  });

  it('or on the socket that is named, whatever its name', async () => {
    expect(await runs("qemu+ssh://h/system?socket=/s'o;ck", ['nc'])).toBe("nc -U /s'o;ck");
  });
});

describe('openSsh', () => {
  const open = (command: string) => openSsh('kvm1', parseAddress(`qemu+ssh://h/system?command=${command}`));

  it.each([
    ['Permission denied (publickey).', 255, 'refused'],
    ['Host key verification failed.', 255, 'refused'],
    ['ssh: connect to host h port 22: Connection refused', 255, 'unreachable'],
    ['virt-ssh-helper: cannot connect to /run/libvirt/libvirt-sock-ro', 1, 'lost'],
  ])('%s', async (complaint, code, expected) => {
    const command = await script('ssh', `echo "some banner" >&2; echo "${complaint}" >&2; exit ${code}`);
    expect(await open(command).ended).toMatchObject({ code: expected, message: expect.stringContaining(complaint) });
  });

  it('names a client that is not there', async () => {
    expect(await open('/nowhere/ssh').ended).toMatchObject({ code: 'unsupported' });
  });

  it('speaks through standard streams and ends the client on close', async () => {
    const transport = open(await script('ssh', 'exec cat'));
    transport.output.write('ping');
    const echoed = await new Promise((resolve) => transport.input.once('data', resolve));
    expect(String(echoed)).toBe('ping');
    transport.close();
    expect(await transport.ended).toBeUndefined();
  });

  it('ends a client that would not end', async () => {
    const transport = open(await script('ssh', 'exec sleep 600'));
    transport.close();
    transport.destroy();
    expect(await transport.ended).toMatchObject({ code: 'lost' });
  });
});
