import { inProcess, median, repeated } from '../measure.ts';
import type { Line, Section } from '../table.ts';
import type { XenapiAnswer, XenapiArgs } from '../variants/xenapi.ts';
import type { XenapiParseAnswer, XenapiParseArgs } from '../variants/xenapi-parse.ts';
import type { Plan } from './plan.ts';

const VMS = 50;
/** What reading an answer may cost, as a multiple of the least that it could. */
const MOST_PARSE = 1.5;
const JSON_FLOOR = 'JSON.parse of the same bytes';

/** How a host writes, how far back it is asked, and how often that is read. */
const ANSWERS: readonly (Omit<XenapiParseArgs, 'vms'> & { readonly what: string; readonly against: string })[] = [
  { what: 'a step in JSON', wording: 'strings', backS: 170, times: 300, against: JSON_FLOOR },
  { what: '2 h in JSON', wording: 'strings', backS: 7190, times: 20, against: JSON_FLOOR },
  { what: 'a step in bare JSON', wording: 'bare', backS: 170, times: 300, against: 'JSON.parse of the same in JSON' },
  { what: 'a step in XML', wording: 'xml', backS: 170, times: 100, against: 'saxes alone' },
  { what: '2 h in XML', wording: 'xml', backS: 7190, times: 10, against: 'saxes alone' },
];

/** A pool that is polled once a minute, and what its answers cost to read. */
export async function xenapiSection(plan: Plan): Promise<Section> {
  const hosts = plan.quick ? 10 : 100;
  const args: XenapiArgs = { hosts, vms: VMS, steps: plan.quick ? 3 : 10 };
  // Once: making the pool's two hours takes longer than all that is measured.
  const pool = await inProcess<XenapiArgs, XenapiAnswer>('xenapi', args);
  const parsed: Line[] = [];
  for (const { what, against, ...wanted } of ANSWERS) {
    const each = { ...wanted, vms: VMS };
    const costs = await repeated(plan.runs, () => inProcess<XenapiParseArgs, XenapiParseAnswer>('xenapi-parse', each));
    const { decodeNs, floorNs, values } = median(costs, (cost) => cost.decodeNs / cost.floorNs);
    parsed.push({
      what: `read ${what}`,
      value: decodeNs / values,
      unit: 'ns/value',
      ratio: decodeNs / floorNs,
      against,
    });
  }
  return {
    title: `XenAPI, ${hosts} hosts of ${VMS} VMs, a step of 60 s`,
    lines: [...poolLines(pool, hosts * VMS), ...parsed],
    remarks: [
      `${short(pool.bytes / pool.calls)} bytes an answer; connecting ${short(pool.connectCpuMs)} ms of CPU`,
      ...parsed.flatMap(({ what, ratio }) =>
        ratio !== null && ratio > MOST_PARSE
          ? [`TOO MUCH: ${what} is ${ratio.toFixed(2)}, ${MOST_PARSE} is allowed`]
          : [],
      ),
    ],
  };
}

function poolLines(pool: XenapiAnswer, vms: number): readonly Line[] {
  const line = (what: string, value: number, unit: string): Line => ({ what, value, unit, ratio: null, against: '' });
  const [before, after] = pool.heapMb;
  return [
    line('a step: calls', pool.calls, 'calls'),
    line('a step: bytes', pool.bytes / 1e6, 'MB'),
    line('a step: CPU', (pool.cpuMs * 1000) / vms, 'µs/VM'),
    line('a poll between steps: CPU', (pool.idleCpuMs * 1000) / vms, 'µs/VM'),
    line('2 h read back: polls', pool.backfillPolls, 'polls'),
    line('2 h read back: CPU', (pool.backfillCpuMs * 1000) / pool.backfillRows, 'µs/row'),
    line('2 h read back: peak memory', pool.backfillPeakMb, 'MB RSS'),
    line('steady state: heap', after, 'MB'),
    line('steady state: heap that is not given back', (after - before) / pool.steps, 'MB/step'),
    line('peak memory', pool.peakMb, 'MB RSS'),
  ];
}

const short = (value: number): string => value.toFixed(0);
