import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DISK, INSTANCE, NIC } from '../../../avro/batch.ts';
import type { Identity } from '../../../avro/snapshot.ts';
import { readDomainXml } from '../../../connectors/libvirt/domain-xml.ts';
import { createResources } from '../../../pipeline/model/resource.ts';
import type { Resource } from '../../../pipeline/model/sample.ts';
import { available, ceilometerPython } from '../../services/service.ts';

/** What `identity.py` is given of a domain, and what it makes of it with Ceilometer's own code. */
interface Given {
  readonly what: string;
  readonly xml: string;
  readonly state: number;
  readonly labels: Readonly<Record<string, string>>;
}
type Told = Readonly<Record<'id' | 'user_id' | 'project_id', string>> & { readonly metadata: object };
interface Judged {
  readonly instance: Told;
  readonly disks: Readonly<Record<string, Told>>;
  readonly nics: Readonly<Record<string, Told>>;
}

const recorded = readFileSync(new URL('golden/running-and-off/instance-0000002a.xml', import.meta.url), 'utf8');
const SCRIPT = fileURLToPath(new URL('../../services/ceilometer/identity.py', import.meta.url));
const UUID = '2f9d1c1e-7a52-4c0a-9a53-0d4c0e2f5b6a';

const IMAGE = `<nova:image uuid="70b8d2a4-0c5f-4e2b-9c1a-3e5d7f9b1d3c">
  <nova:containerFormat>bare</nova:containerFormat><nova:diskFormat>qcow2</nova:diskFormat>
  <nova:minDisk>1</nova:minDisk><nova:minRam>0</nova:minRam>
  <nova:properties>
    <nova:property name="os_distro">windows</nova:property><nova:property name="min_ram">64</nova:property>
  </nova:properties></nova:image>`;
const FILTERED = `<filterref filter='nova-instance-2a-fa163e123456'>
  <parameter name='IP' value='10.0.0.5'/><parameter name='PROJNET' value='10.0.0.0'/></filterref>
  <virtualport type='openvswitch'><parameters interfaceid='6d0c6c4e-93ab-4c5d-8e6f-708192a3b4c5'/></virtualport>`;

const labels = {
  'metering.stack.name': 'blue',
  'metering.long': 'é😀'.repeat(200),
  'metering.name': 'the instance has one',
  'metering.server_group': 'db',
  secret: 'not metered',
};
const variants: readonly Given[] = [
  ...Array.from({ length: 8 }, (_, state) => ({ what: `in state ${state}`, xml: recorded, state, labels: {} })),
  { what: 'with labels', xml: recorded, state: 1, labels },
  {
    what: 'with all that nova tells of its image',
    xml: recorded.replace('<nova:root', `${IMAGE}<nova:root`),
    state: 1,
    labels: {},
  },
  { what: 'made of a volume', xml: recorded.replace(/<nova:root.*/, ''), state: 1, labels: {} },
  {
    what: 'with a filtered nic and a port',
    xml: recorded.replace("<source bridge='svcbr0'/>", `<source bridge='svcbr0'/>${FILTERED}`),
    state: 1,
    labels: {},
  },
  { what: 'of an older nova', xml: recorded.replaceAll('libvirt/nova/1.1', 'libvirt/nova/1.0'), state: 1, labels: {} },
  {
    what: 'of a flavor without extra specs',
    xml: recorded.replace(/<nova:extraSpecs>[\s\S]*<\/nova:extraSpecs>/, ''),
    state: 1,
    labels: {},
  },
];

const told = ({ id, userId, projectId, metadata }: Resource) => ({
  id,
  user_id: userId,
  project_id: projectId,
  metadata,
});

/** The same of ours. Discovery reads labels from nova, which libvirt does not know. */
function ours({ xml, state, labels: metadata }: Given): Judged {
  const identity: Identity = { ...readDomainXml(xml, 'compute-1'), metadata };
  const of = (kind: number, deviceId: string, vcpus = 0) =>
    told(
      createResources()({
        instance: { key: UUID.replaceAll('-', ''), isHost: false },
        block: { kind, deviceId },
        identity,
        vcpus,
        state,
      }),
    ) as Told;
  return {
    instance: of(INSTANCE, '', 2),
    disks: Object.fromEntries(identity.disks.filter(({ path }) => path !== null).map(({ id }) => [id, of(DISK, id)])),
    nics: Object.fromEntries(
      identity.nics.filter(({ name }) => name !== null).map(({ id, name }) => [name, of(NIC, id)]),
    ),
  };
}

/** Its log goes to standard output as well. */
function judge(given: readonly Given[]): readonly Judged[] {
  const options = { input: JSON.stringify(given), timeout: 60_000, stdio: ['pipe', 'pipe', 'ignore'] as never };
  const lines = execFileSync(ceilometerPython, [SCRIPT], options).toString().trim().split('\n');
  return JSON.parse(lines.at(-1) as string);
}

describe.skipIf(!(await available('ceilometer')))('who an instance is, by Ceilometer’s own agent [ceilometer]', () => {
  const judged = judge(variants);

  it.each(variants.map((given, index) => ({ ...given, index })))('$what', ({ index, ...given }) => {
    expect(judged[index]).not.toBeNull();
    expect(ours(given)).toEqual(judged[index]);
  });

  it('has disks and nics', () => {
    expect(Object.keys(judged[0]?.disks ?? {})).toEqual(['vda', 'vdb']);
    expect(Object.keys(judged[0]?.nics ?? {})).toEqual(['tap6d0c6c4e-93', 'tap7e1d7d5f-a4']);
  });
});
