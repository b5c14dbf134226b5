import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { systemClock } from '../../pipeline/runtime/clock.ts';

/** Where the brokers of such a network listen. */
export const HUB = '10.250.0.1';
const BRIDGE = 'hub0';

/** Machines that are connected by a switch: network namespaces, a bridge and a pair of interfaces for each. */
export interface Network {
  /** Words before a command: it runs on that machine. */
  inside(machine: number): readonly string[];
  /** Pulls the cable out at the switch: nothing comes or goes, and nobody is told. */
  pull(machine: number): void;
  plug(machine: number): void;
  /** Ends what holds the namespaces. */
  clear(): void;
}

/** Whether namespaces can be made here; else why not. */
export function whyNoNetwork(): string | null {
  try {
    execFileSync('unshare', ['--net', 'ip', 'link', 'add', BRIDGE, 'type', 'bridge'], { stdio: 'pipe' });
    return null;
  } catch (error) {
    const said = (error as { stderr?: Buffer }).stderr?.toString().trim();
    return `network namespaces need root, and ip, unshare and nsenter: ${said || String(error)}`;
  }
}

const ip = (...words: readonly string[]): void =>
  void execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'inherit'] });

/**
 * So many machines at a switch that this process is connected to by `HUB`. This process must be in a network namespace of its own
 * (`unshare --net`): the interfaces go with it.
 */
export async function createNetwork(machines: number): Promise<Network> {
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', BRIDGE, 'type', 'bridge');
  ip('address', 'add', `${HUB}/24`, 'dev', BRIDGE);
  ip('link', 'set', BRIDGE, 'up');
  const holders: ChildProcess[] = [];
  for (let machine = 0; machine < machines; machine++) holders.push(await holder());
  const inside = (machine: number): readonly string[] => [
    'nsenter',
    '--net',
    '--target',
    String(holders[machine]?.pid),
  ];
  for (const machine of holders.keys()) {
    ip('link', 'add', port(machine), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(holders[machine]?.pid));
    ip('link', 'set', port(machine), 'master', BRIDGE, 'up');
    const there = (...words: readonly string[]): void => {
      const [program = '', ...rest] = [...inside(machine), 'ip', ...words];
      execFileSync(program, rest, { stdio: ['ignore', 'ignore', 'inherit'] });
    };
    there('address', 'add', `10.250.0.${10 + machine}/24`, 'dev', 'eth0');
    there('link', 'set', 'lo', 'up');
    there('link', 'set', 'eth0', 'up');
  }
  return {
    inside,
    pull: (machine) => ip('link', 'set', port(machine), 'nomaster'),
    plug: (machine) => ip('link', 'set', port(machine), 'master', BRIDGE),
    clear: () => {
      for (const each of holders) each.kill('SIGKILL');
    },
  };
}

const port = (machine: number): string => `port${machine}`;

/** A process that keeps a namespace; resolves when it is in one of its own. */
async function holder(): Promise<ChildProcess> {
  const child = spawn('unshare', ['--net', 'sh', '-c', 'echo; exec sleep 86400'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let isThere = false;
  child.stdout.once('data', () => {
    isThere = true;
  });
  while (!isThere) {
    if (child.exitCode !== null) throw new Error(`unshare ended with ${child.exitCode}`);
    await systemClock.sleep(10);
  }
  return child;
}
