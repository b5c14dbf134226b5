import { systemClock } from '../../pipeline/runtime/clock.ts';
import { fleet as hypervFleet } from '../fakes/hyperv/fleet.ts';
import { FakeHyperv, METER } from '../fakes/hyperv/hyperv.ts';
import { World as HypervWorld } from '../fakes/hyperv/world.ts';
import { FakeProxmox, TOKEN } from '../fakes/proxmox/fake-proxmox.ts';
import { sampleWorld } from '../fakes/proxmox/sample-world.ts';

/** A hypervisor whose machines live while it is metered. */
export interface LivingPlace {
  /** The connector's entry without its name. */
  readonly entry: Readonly<Record<string, unknown>>;
  /** Something happens to its machines; another thing every time. */
  happen(): void;
  close(): Promise<void>;
}

const HOUR_US = 3_600_000_000;

/** A Hyper-V host with four machines, which takes sealed NTLM alone. */
export async function hypervHost(): Promise<LivingPlace> {
  const bornAt = Math.floor(systemClock.now() / 1e6) * 1e6 - HOUR_US;
  const { hosts, machines } = hypervFleet(4, 1, bornAt);
  const world = new HypervWorld({ hosts, machines, now: systemClock.now });
  const fake = await FakeHyperv.start({ world, host: hosts[0]?.name ?? '', accounts: [METER], domain: METER.domain });
  const { user, domain, password } = METER;
  const turns = takeTurns([
    () => world.happen(guid(0), { does: 'stop' }),
    () => world.happen(guid(1), { does: 'reset' }),
    () => world.happen(guid(0), { does: 'start' }),
    () => world.happen(guid(2), { does: 'save' }),
    () => world.happen(guid(2), { does: 'start' }),
  ]);
  const guid = (n: number): string => machines[n]?.guid ?? '';
  return {
    entry: { type: 'hyperv', url: fake.url, username: `${domain}\\${user}`, password },
    happen: turns,
    close: () => fake.close(),
  };
}

/** A Proxmox cluster of two nodes with four guests. */
export async function proxmoxCluster(): Promise<LivingPlace> {
  const world = sampleWorld({ now: systemClock.now, startedAt: systemClock.now() - HOUR_US });
  const fake = await FakeProxmox.start({ world });
  return {
    entry: { type: 'proxmox', url: [...world.nodes.keys()].map((node) => fake.url(node)), ...TOKEN },
    happen: takeTurns([
      () => world.stop(100),
      () => world.restart(101),
      () => world.start(100),
      () => world.migrate(102, 'pve2'),
      () => world.migrate(102, 'pve1'),
    ]),
    close: () => fake.close(),
  };
}

function takeTurns(turns: readonly (() => void)[]): () => void {
  let turn = 0;
  return () => turns[turn++ % turns.length]?.();
}
