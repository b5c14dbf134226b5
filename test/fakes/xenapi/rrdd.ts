import { type Sampled, sourcesOf } from './counters.ts';
import { hostSources } from './host-counters.ts';
import type { Domain } from './life.ts';
import { Rrd, type Source, STEP_S } from './rrd.ts';
import type { Named } from './rrd-updates.ts';
import type { Host, World } from './world.ts';

const STEP_US = STEP_S * 1_000_000;

export interface RrddOptions {
  /** VMs' RRDs too keep minima and maxima (`create_min_max_in_new_VM_RRDs` of the pool). */
  readonly minMax: boolean;
  /**
   * What the first sample after a migration is to the RRD that moved along: unknown, because its last raw value is
   * lost on the way, or the beginning of a new domain, counted from 0. Both are possible in xapi: it depends on which
   * domain id its database knows when the RRD arrives (`put_rrd_handler`, `update_rrds`).
   */
  readonly migration: 'unknown' | 'fresh';
}

interface Kept {
  rrd: Rrd | null;
  /** Up to which domain and true time samples were taken. */
  domain: number;
  at: number;
}

/** The xcp-rrdd of every host: RRDs are brought up to date when they are looked at, never kept up by a timer. */
export class Rrdds {
  readonly #world: World;
  readonly #options: RrddOptions;
  readonly #vms = new Map<string, Kept & { readonly sources: readonly Sampled[] }>();
  readonly #hosts = new Map<number, Kept & { readonly sources: readonly Sampled[] }>();

  constructor(world: World, options: RrddOptions) {
    this.#world = world;
    this.#options = options;
  }

  /** The RRDs of the VMs that run on a host, as of `now`. */
  resident(host: number, now: number): readonly Named[] {
    return this.#world.vms.flatMap(({ uuid }) => {
      if (this.#world.running(uuid, now)?.host !== host) return [];
      const rrd = this.vm(uuid, now);
      return rrd ? [{ prefix: `vm:${uuid}:`, rrd }] : [];
    });
  }

  /** A VM's RRD wherever it is, archived too; null where it was never sampled. */
  vm(uuid: string, now: number): Rrd | null {
    let kept = this.#vms.get(uuid);
    if (!kept) {
      kept = { rrd: null, domain: 0, at: 0, sources: sourcesOf(this.#world.vm(uuid)) };
      this.#vms.set(uuid, kept);
    }
    for (const [i, domain] of this.#world.domains(uuid).entries()) {
      if (i < kept.domain || domain.from > now) continue;
      if (i > kept.domain && domain.how !== 'reboot') kept.rrd?.forgetLast();
      kept.domain = i;
      this.#advance(kept, domain, this.#options.minMax, now);
    }
    return kept.rrd;
  }

  host(host: number, now: number): Rrd | null {
    let kept = this.#hosts.get(host);
    if (!kept) {
      kept = { rrd: null, domain: 0, at: 0, sources: hostSources(this.#world.hosts[host] as Host) };
      this.#hosts.set(host, kept);
    }
    const boot = { domid: 0, host, from: this.#world.startedAt, until: Number.POSITIVE_INFINITY } as const;
    this.#advance(kept, { ...boot, how: 'start', resets: [] }, true, now);
    return kept.rrd;
  }

  #advance(kept: Kept & { readonly sources: readonly Sampled[] }, domain: Domain, minMax: boolean, now: number): void {
    const { skewUs, phaseUs } = this.#world.hosts[domain.host] as Host;
    const begin = Math.max(kept.at, domain.from) + skewUs - phaseUs;
    const until = Math.min(now, domain.until);
    const relative = this.#relative(domain);
    for (let tick = Math.floor(begin / STEP_US) + 1; ; tick++) {
      const hostTime = tick * STEP_US + phaseUs;
      const at = hostTime - skewUs;
      if (at > until) break;
      if (this.#isOut(domain.host, at)) {
        kept.rrd?.forgetLast();
        continue;
      }
      const first = kept.at < domain.from;
      this.#sample(kept, relative, { hostTime, at: this.#world.since(at), first, minMax });
      kept.at = at;
    }
  }

  #sample(
    kept: Kept & { readonly sources: readonly Sampled[] },
    domain: Domain,
    { hostTime, at, first, minMax }: { hostTime: number; at: number; first: boolean; minMax: boolean },
  ): void {
    const timestamp = hostTime / 1_000_000;
    if (!kept.rrd) {
      kept.rrd = new Rrd(kept.sources.map(plain), minMax, timestamp);
      return;
    }
    const before = this.#world.since(kept.at);
    const fresh =
      first && (domain.how === 'reboot' || (domain.how === 'migrate' && this.#options.migration === 'fresh'));
    const values = new Float64Array(kept.sources.length);
    for (let i = 0; i < values.length; i++) values[i] = (kept.sources[i] as Sampled).sample(domain, at, before);
    kept.rrd.update(timestamp, values, fresh);
  }

  #isOut = (host: number, at: number): boolean =>
    this.#world.outages.some((outage) => outage.host === host && at >= outage.from && at < outage.until);

  /** A domain whose times count from the beginning of the world. */
  #relative(domain: Domain): Domain {
    const resets = domain.resets.map((reset) => ({ ...reset, at: this.#world.since(reset.at) }));
    return { ...domain, from: this.#world.since(domain.from), until: this.#world.since(domain.until), resets };
  }
}

const plain = ({ name, type, min, max, float, inverse }: Source): Source => ({
  name,
  type,
  min,
  max,
  ...(float ? { float } : {}),
  ...(inverse ? { inverse } : {}),
});
