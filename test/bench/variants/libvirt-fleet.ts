import { FakeLibvirtd } from '../../fakes/libvirtd.ts';
import { allStats } from '../../fakes/libvirtd-answers.ts';
import { guestDomain } from '../guest-domain.ts';
import { given } from '../measure.ts';

export interface LibvirtFleetArgs {
  readonly endpoints: number;
  readonly machines: number;
}

/** So far: bulk calls and calls for a guest's XML, and the bytes of all conversations. */
export interface LibvirtFleetState {
  readonly ports: readonly number[];
  readonly polls: number;
  readonly identities: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

const BULK = 'CONNECT_GET_ALL_DOMAIN_STATS';
const XML = 'DOMAIN_GET_XML_DESC';

/** Fake libvirt daemons, each with a port and guests of its own, in a process of their own; tells its state when asked. */
const { endpoints, machines } = given<LibvirtFleetArgs>();
let [polls, identities] = [0, 0];
const fakes: FakeLibvirtd[] = [];
for (let host = 0; host < endpoints; host++) {
  const domains = Array.from({ length: machines }, (_, index) => guestDomain(host * machines + index + 1));
  // Put together once: what the fakes spend is not measured, and is to leave the processors alone.
  const payload = allStats(domains);
  const react = ({ procedure }: { readonly procedure: string }) => {
    if (procedure === XML) identities++;
    if (procedure !== BULK) return undefined;
    polls++;
    return { payload };
  };
  fakes.push(await FakeLibvirtd.start({ domains, react }));
}

const tell = (): void => {
  const sum = (of: (fake: FakeLibvirtd) => number): number => fakes.reduce((total, fake) => total + of(fake), 0);
  const state: LibvirtFleetState = {
    ports: fakes.map(({ port }) => port),
    polls,
    identities,
    bytesIn: sum(({ bytes }) => bytes.in),
    bytesOut: sum(({ bytes }) => bytes.out),
  };
  process.send?.(state);
};
process.on('message', tell);
process.once('disconnect', () => process.exit());
tell();
