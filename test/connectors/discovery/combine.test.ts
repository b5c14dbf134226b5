import { Subject } from 'rxjs';
import { expect, it } from 'vitest';
import { combine } from '../../../connectors/discovery/combine.ts';
import type { ConnectorEntry, Discovery, Fleet } from '../../../connectors/discovery/discovery.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';

const libvirt = (name: string, host = name): ConnectorEntry & { uri: string } => ({
  name,
  type: 'libvirt',
  uri: `qemu+tls://${host}/system`,
});

function aDiscovery(name: string): Discovery & { readonly entries: Subject<readonly ConnectorEntry[]> } {
  return { name, kind: 'test', entries: new Subject() };
}

it('puts the configuration first, then each discovery, and the first of a name or an address', () => {
  const [one, two] = [aDiscovery('one'), aDiscovery('two')];
  const sets: (readonly string[])[] = [];
  const events: InternalEvent[] = [];
  const report = (event: InternalEvent): void => void events.push(event);
  const whole: boolean[] = [];
  combine([libvirt('a')], [one, two], report).subscribe(({ entries, isWhole }) => {
    sets.push(entries.map(({ name }) => name));
    whole.push(isWhole);
  });
  expect(sets).toEqual([['a']]);
  two.entries.next([libvirt('c'), libvirt('d')]);
  expect(sets.at(-1)).toEqual(['a', 'c', 'd']);
  one.entries.next([libvirt('a', 'elsewhere'), libvirt('other', 'A'), libvirt('c'), libvirt('b')]);
  expect(sets.at(-1)).toEqual(['a', 'c', 'b', 'd']);
  expect(whole).toEqual([false, false, true]);
  expect(events).toMatchObject([
    { event: 'discovery.rejected', source: 'one', reason: 'duplicate_name', where: 'one: a' },
    { event: 'discovery.rejected', source: 'one', reason: 'duplicate_address', where: 'one: other' },
    { event: 'discovery.rejected', source: 'two', reason: 'duplicate_name', where: 'two: c' },
  ]);
  // The same again is no news.
  const count = sets.length;
  one.entries.next([libvirt('a', 'elsewhere'), libvirt('other', 'A'), libvirt('c'), libvirt('b')]);
  expect([sets.length, events.length]).toEqual([count, 3]);
  two.entries.next([]);
  expect(sets.at(-1)).toEqual(['a', 'c', 'b']);
});

it('is whole where there is no discovery, and names what is twice in the configuration itself', () => {
  const events: InternalEvent[] = [];
  const fleets: Fleet[] = [];
  const report = (event: InternalEvent): void => void events.push(event);
  combine([libvirt('a'), libvirt('b', 'A')], [], report).subscribe((fleet) => fleets.push(fleet));
  expect(fleets).toEqual([{ entries: [libvirt('a')], isWhole: true }]);
  expect(events).toMatchObject([
    { event: 'discovery.rejected', source: 'connectors', reason: 'duplicate_address', where: 'connectors: b' },
  ]);
});

it('is whole also where a discovery finds nothing', () => {
  const one = aDiscovery('one');
  const fleets: Fleet[] = [];
  combine([libvirt('a')], [one], () => undefined).subscribe((fleet) => fleets.push(fleet));
  one.entries.next([]);
  expect(fleets.map(({ isWhole }) => isWhole)).toEqual([false, true]);
});
