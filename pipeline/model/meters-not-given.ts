/** Meters that Ceilometer's compute agent has or had and that do not come out here, and why; printed in docs/meters.md. */
export const NOT_GIVEN: readonly { readonly names: readonly string[]; readonly why: string }[] = [
  {
    names: [
      'disk.read.bytes',
      'disk.write.bytes',
      'disk.read.requests',
      'disk.write.requests',
      'disk.capacity',
      'disk.allocation',
      'disk.usage',
    ],
    why: 'gone since Ceilometer 12: sums over the disks of an instance. Their windows close one by one and disks come and go, so a sum would be final only when the last of them is; sum the `disk.device.*` meters by `instance_id` where they are stored, which is exact',
  },
  {
    names: ['disk.latency', 'disk.iops', 'disk.device.latency', 'disk.device.iops'],
    why: "gone since Ceilometer 23: averages of Hyper-V's. Of any window they are `read.latency` and `write.latency` divided by the requests, and the requests' rate",
  },
  {
    names: ['perf.cpu.cycles', 'perf.instructions', 'perf.cache.references', 'perf.cache.misses'],
    why: 'in the raw topic where the hypervisor counts them, not metered yet; Ceilometer types these counters as gauges',
  },
  {
    names: ['cpu_l3_cache', 'memory.bandwidth.total', 'memory.bandwidth.local'],
    why: 'gone since Ceilometer 24, as from Linux and libvirt',
  },
  {
    names: ['instance', 'instance:<flavor>'],
    why: 'gone since Ceilometer 8: always 1. Count the resources of `power.state`',
  },
  {
    names: ['instance.scheduled', 'compute.instance.booting.time'],
    why: "not measured at a hypervisor: made of nova's notifications",
  },
  {
    names: ['compute.node.cpu.frequency'],
    why: 'the clock of one CPU of the host at one moment: says nothing of the others, nor of a window',
  },
];
