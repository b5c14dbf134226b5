import { inProcess, median, repeated } from '../measure.ts';
import type { Line, Section } from '../table.ts';
import type { VsphereAnswer, VsphereArgs } from '../variants/vsphere.ts';
import type { ParseAnswer, ParseArgs } from '../variants/vsphere-parse.ts';
import type { Plan } from './plan.ts';

/** Reading an answer may cost so many times what the XML parser alone does. */
const WANTED = 1.5;
const READERS: Readonly<Record<ParseArgs['reader'], string>> = {
  saxes: 'saxes alone',
  'saxes-xmlns': 'saxes with namespaces',
  samples: 'read into samples',
  rows: 'read into rows',
};
const ANSWERS = [
  { what: '250 VMs, 3 samples, csv', form: 'csv', samples: 3, machines: 250 },
  { what: '250 VMs, 3 samples, the longer form', form: 'normal', samples: 3, machines: 250 },
  { what: '50 VMs, an hour, csv', form: 'csv', samples: 180, machines: 50 },
] as const;

/** A vCenter with thousands of VMs, polled once a minute; and what reading its answers costs. */
export async function vsphereSection(plan: Plan): Promise<Section> {
  const machines = plan.quick ? 1000 : 5000;
  const polled = (args: Omit<VsphereArgs, 'machines'>): Promise<readonly VsphereAnswer[]> =>
    repeated(plan.runs, () => inProcess<VsphereArgs, VsphereAnswer>('vsphere', { machines, ...args }));
  const steady = median(await polled({ backfill: '1m', warmUp: 5, measured: 10 }), ({ cpuNs }) => cpuNs);
  const hour = median(await polled({ backfill: '1h', warmUp: 0, measured: 1 }), ({ cpuNs }) => cpuNs);
  const reading: Line[] = [];
  const remarks: string[] = [];
  for (const { what, ...answer } of ANSWERS) {
    const costs = await costsOf(plan, answer);
    const ratio = costs.samples / costs.saxes;
    for (const [reader, name] of Object.entries(READERS) as [ParseArgs['reader'], string][])
      reading.push(line(`${what}: ${name}`, costs[reader] / 1e6, 'ms', costs[reader] / costs.saxes, 'saxes alone'));
    if (ratio > WANTED) remarks.push(`TOO MUCH: ${what} are read at ${ratio.toFixed(2)} times the cost of saxes`);
  }
  return {
    title: `vSphere, ${machines} VMs with 57 series each, polled every 60 s`,
    lines: [
      line('a poll: calls', steady.calls, 'calls'),
      line('a poll: bytes sent', steady.bytesIn / machines, 'B/VM'),
      line('a poll: bytes received', steady.bytesOut / machines, 'B/VM'),
      line('a poll: CPU', steady.cpuNs / machines / 1e3, 'us/VM'),
      line('a poll: time, of which the fake computes the most', steady.wallMs / 1e3, 's'),
      line('peak memory', steady.peakRss / 1e6, 'MB RSS'),
      line('the first poll, of an hour: rows', hour.rows / machines, 'rows/VM'),
      line('the first poll, of an hour: CPU', hour.cpuNs / Math.max(1, hour.rows) / 1e3, 'us/row'),
      line('the first poll, of an hour: peak memory', hour.peakRss / 1e6, 'MB RSS'),
      ...reading,
    ],
    remarks,
  };
}

async function costsOf(plan: Plan, answer: Omit<ParseArgs, 'reader'>): Promise<Record<ParseArgs['reader'], number>> {
  const costs = { saxes: 0, 'saxes-xmlns': 0, samples: 0, rows: 0 };
  for (const reader of Object.keys(costs) as ParseArgs['reader'][]) {
    const args: ParseArgs = { ...answer, reader };
    const runs = await repeated(plan.runs, () => inProcess<ParseArgs, ParseAnswer>('vsphere-parse', args));
    costs[reader] = median(runs, ({ ns }) => ns).ns;
  }
  return costs;
}

const line = (what: string, value: number, unit: string, ratio: number | null = null, against = ''): Line => ({
  what,
  value,
  unit,
  ratio,
  against,
});
