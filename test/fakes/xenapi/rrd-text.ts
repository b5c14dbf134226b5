import { type Rrd, STEP_S } from './rrd.ts';
import { rrdNumber } from './rrd-number.ts';
import type { Updates } from './rrd-updates.ts';

/**
 * How hosts of different years write `/rrd_updates?json=true`; XML has always been the same, but for the digits.
 * - `strings`: JSON, every number a string (xapi ≥ 25.3; from 24.11 with 5 digits)
 * - `nested`: the same with `data` inside of `meta` (xapi-rrd 1.10, August 2023, until xapi 24.11)
 * - `bare`: JSON but for its bare NaN and Infinity
 * - `unquoted`: keys without quotes, bare numbers (xapi-rrd < 1.10), a JavaScript literal rather than JSON
 */
export type Dialect = 'strings' | 'nested' | 'bare' | 'unquoted';

/** `digits`: see `rrdNumber`. */
export interface Wording {
  readonly dialect: Dialect;
  readonly digits: number;
}

export function updatesJson({ start, step, end, legend, rows }: Updates, { dialect, digits }: Wording): string {
  const quoted = dialect === 'strings' || dialect === 'nested';
  const key = (name: string): string => (dialect === 'unquoted' ? name : `"${name}"`);
  const whole = (value: number): string => (quoted ? `"${value}"` : `${value}`);
  const number = (value: number): string => {
    const text = rrdNumber(value, digits);
    return quoted ? `"${text}"` : text;
  };
  const written = rows.map(
    ({ t, values }) => `{${key('t')}:${whole(t)},${key('values')}:[${values.map(number).join(',')}]}`,
  );
  const data = `${key('data')}:[${written.join(',')}]`;
  const times = [
    ['start', start],
    ['step', step],
    ['end', end],
    ['rows', rows.length],
    ['columns', legend.length],
  ] as const;
  const words = times.map(([name, value]) => `${key(name)}:${whole(value)}`);
  const entries = `${key('legend')}:[${legend.map((entry) => `"${entry}"`).join(',')}]`;
  const meta = [...words, entries].join(',');
  return dialect === 'nested' ? `{"meta":{${meta},${data}}}` : `{${key('meta')}:{${meta}},${data}}`;
}

const XML = '<?xml version="1.0" encoding="UTF-8"?>\n';

export function updatesXml({ start, step, end, legend, rows }: Updates, digits: number): string {
  const entries = legend.map((entry) => `<entry>${entry}</entry>`).join('');
  const size = `<rows>${rows.length}</rows><columns>${legend.length}</columns>`;
  const meta = `<start>${start}</start><step>${step}</step><end>${end}</end>${size}<legend>${entries}</legend>`;
  const data = rows.map(({ t, values }) => {
    const cells = values.map((value) => `<v>${rrdNumber(value, digits)}</v>`).join('');
    return `<row><t>${t}</t>${cells}</row>`;
  });
  return `${XML}<xport><meta>${meta}</meta><data>${data.join('')}</data></xport>`;
}

/** The whole RRD as `/vm_rrd` and `/host_rrd` give it: version 0003 of rrdtool's dump, rows oldest first, without times. */
export function dumpXml(rrd: Rrd, digits: number): string {
  const number = (value: number): string => rrdNumber(value, digits);
  const sources = rrd.sources.map(({ name, type, min, max, float }, i) => {
    const value = rrd.last(i);
    const last = Number.isNaN(value) ? '0.0' : float ? number(value) : `${value}`;
    const bounds = `<minimal_heartbeat>300</minimal_heartbeat><min>${number(min)}</min><max>${number(max)}</max>`;
    const scratch = `<last_ds>${last}</last_ds><value>${number(rrd.value(i))}</value>`;
    const unknown = `<unknown_sec>${Math.trunc(rrd.unknownS(i))}</unknown_sec>`;
    return `<ds><name>${name}</name><type>${type}</type>${bounds}${scratch}${unknown}</ds>`;
  });
  const archives = rrd.archives.map((archive) => {
    const { consolidation, rows, points, xff } = archive.shape;
    const prepared = rrd.sources.map((_, i) => {
      const value = `<value>${number(archive.gathered(i))}</value>`;
      const none = '<primary_value>0.0</primary_value><secondary_value>0.0</secondary_value>';
      return `<ds>${none}${value}<unknown_datapoints>${archive.unknown(i)}</unknown_datapoints></ds>`;
    });
    let database = '';
    for (let back = rows - 1; back >= 0; back--) {
      const cells = rrd.sources.map((_, i) => `<v>${number(archive.at(back, i))}</v>`);
      database += `<row>${cells.join('')}</row>`;
    }
    const head = `<cf>${consolidation}</cf><pdp_per_row>${points}</pdp_per_row><params><xff>${number(xff)}</xff></params>`;
    return `<rra>${head}<cdp_prep>${prepared.join('')}</cdp_prep><database>${database}</database></rra>`;
  });
  const head = `<version>0003</version><step>${STEP_S}</step><lastupdate>${Math.trunc(rrd.lastUpdated)}</lastupdate>`;
  return `${XML}<rrd>${head}${sources.join('')}${archives.join('')}</rrd>`;
}
