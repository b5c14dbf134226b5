import { Subject } from 'rxjs';
import { expect, it } from 'vitest';
import type { ConnectorEntry } from '../../../connectors/discovery/discovery.ts';
import { tellingUnverified } from '../../../pipeline/cli/fleet-entries.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';

it('tells once of each endpoint that discovery finds and that is not checked', () => {
  const entries = new Subject<readonly ConnectorEntry[]>();
  const events: InternalEvent[] = [];
  const found = { name: 'file', kind: 'file', entries };
  tellingUnverified(found, (event) => events.push(event)).entries.subscribe();
  const kvm = (name: string, query = '?no_verify=1') => ({ name, type: 'libvirt', uri: `qemu+tls://${name}/${query}` });
  const told = () =>
    events.splice(0).map((event) => (event.event === 'discovery.unverified' ? [event.setting, event.names] : event));

  entries.next([kvm('a'), kvm('b'), kvm('c', '')]);
  expect(told()).toEqual([['uri', ['a', 'b']]]);
  entries.next([kvm('a'), kvm('d')]);
  expect(told()).toEqual([['uri', ['d']]]);
  const vc = { name: 'vc1', type: 'vsphere', tls: { verify: false }, url: 'http://vc1', password: 'x' };
  entries.next([kvm('b'), vc]);
  expect(told()).toEqual([
    ['uri', ['b']],
    ['tls.verify', ['vc1']],
    ['url', ['vc1']],
  ]);
});
