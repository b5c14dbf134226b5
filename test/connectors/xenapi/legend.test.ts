import { describe, expect, it } from 'vitest';
import { readLegend } from '../../../connectors/xenapi/legend.ts';

const ofVm = (...names: string[]) => readLegend(names.map((name) => `AVERAGE:vm:u:${name}`)).vms.get('u');

describe('the legend', () => {
  it('is split on its first three colons', () => {
    const { vms, hosts } = readLegend([
      'AVERAGE:vm:u:cpu0',
      'AVERAGE:host:h:cpu0',
      'AVERAGE:vm:u:a:cpu0',
      'MAX:vm:u:cpu1',
    ]);
    expect([...(vms.get('u')?.cpus ?? [])]).toEqual([[0, 0]]);
    expect([...(hosts.get('h')?.cpus ?? [])]).toEqual([[0, 1]]);
  });

  it.each(['cpu_usage', 'cpu9-P15', 'cpu', 'cpu0x', 'network/latency', 'sr:0', '', 'AVERAGE'])(
    'takes no CPU of %j',
    (name) => {
      expect(ofVm(name)?.cpus.size ?? 0).toBe(0);
    },
  );

  it('finds nics by number, errors with them', () => {
    const nics = ofVm('vif_0_rx', 'vif_0_tx', 'vif_12_rx_errors', 'vif_1x_rx', 'vif_0_rx_drops', 'pif_eth0_rx')?.nics;
    expect(Object.fromEntries(nics ?? [])).toEqual({ 0: { rx: 0, tx: 1 }, 12: { rx_errors: 2 } });
  });

  it('finds disks of any name, and leaves what says the same in MiB', () => {
    const disks = ofVm(
      'vbd_xvda_read',
      'vbd_xvdaa_write',
      'vbd_hda_iops_read',
      'vbd_xvda_iops_write',
      'vbd_xvda_iops_total',
      'vbd_xvda_io_throughput_read',
      'vbd_xvda_read_latency',
      'vbd_c0d0_p1_read',
    )?.disks;
    expect(Object.fromEntries(disks ?? [])).toEqual({
      xvda: { read: 0, iops_write: 3 },
      xvdaa: { write: 1 },
      hda: { iops_read: 2 },
      c0d0_p1: { read: 7 },
    });
  });

  it('takes the first of two columns of one name, and leaves the sum of all interfaces', () => {
    expect(ofVm('memory', 'memory', 'memory_target')?.memory).toBe(0);
    const { hosts } = readLegend([
      'AVERAGE:host:h:pif_aggr_rx',
      'AVERAGE:host:h:pif_eth0.12_tx',
      'AVERAGE:host:h:memory',
    ]);
    expect(Object.fromEntries(hosts.get('h')?.nics ?? [])).toEqual({ 'eth0.12': { tx: 1 } });
    expect(hosts.get('h')?.memory).toBeUndefined();
  });
});
