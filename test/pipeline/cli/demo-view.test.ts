import { expect, it } from 'vitest';
import { createWindowView } from '../../../pipeline/cli/demo-view.ts';
import { aSample } from '../sinks/a-sample.ts';

const METERS = {
  cpu_util: 12.3,
  vcpus: 8,
  memory: 32_768,
  'disk.device.read.bytes.rate': 12_345_678,
  'disk.device.write.bytes.rate': 12_345_678,
  'network.incoming.bytes.rate': 12_345_678,
  'network.outgoing.bytes.rate': 12_345_678,
};

function linesAt(width: number | undefined): readonly string[] {
  const view = createWindowView(0, 5_000_000);
  for (const instance_id of ['1', '2']) {
    const metadata = { instance_id, display_name: `vm-0000000000000${instance_id}`, instance_host: 'demo-host-1' };
    const resource = { ...aSample().resource, metadata };
    for (const [name, volume] of Object.entries(METERS))
      view.add(aSample({ name, volume, resource, flags: ['gap', 'reset'] }));
  }
  return view.lines(width);
}

it.each([80, 100])('fits into %i columns: others go before names are cut', (width) => {
  const [, titles = '', ...rows] = linesAt(width);
  expect(Math.max(...[titles, ...rows].map(({ length }) => length))).toBeLessThanOrEqual(width);
  expect(titles).toMatch(/^INSTANCE .*CPU % .*READ B\/s +WRITE B\/s .*SEEN/);
  expect(rows).toEqual([expect.stringMatching(/^vm-00000000000001 /), expect.stringMatching(/^vm-00000000000002 /)]);
});

it('shows all where there is room', () => {
  expect(linesAt(undefined)[1]).toMatch(/^INSTANCE +HOST +VCPUS +CPU % +MEMORY MiB .*OUT B\/s +SEEN +FLAGS$/);
});
