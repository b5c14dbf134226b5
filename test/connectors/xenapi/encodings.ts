/** One answer of /rrd_updates, to be written in every encoding that hosts have had. Rows newest first. */
export interface Report {
  readonly stepS: number;
  readonly endS: number;
  readonly legend: readonly string[];
  readonly rows: readonly { readonly t: number; readonly values: readonly number[] }[];
}

/** `%0.15g` as XAPI prints it. */
export const printed = (value: number): string =>
  Number.isNaN(value)
    ? 'NaN'
    : Number.isFinite(value)
      ? String(Number(value.toPrecision(15)))
      : value > 0
        ? 'Infinity'
        : '-Infinity';

const xmlText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const asJson = (report: Report, write: (value: number) => string): string => {
  const { stepS, endS, legend, rows } = report;
  const start = rows.at(-1)?.t ?? endS;
  const meta = `{"start":${start},"step":${stepS},"end":${endS},"rows":${rows.length},"columns":${legend.length},"legend":${JSON.stringify(legend)}}`;
  const data = rows.map(({ t, values }) => `{"t":${t},"values":[${values.map(write).join(',')}]}`);
  return `{"meta":${meta},"data":[${data.join(',')}]}`;
};

/** Every encoding by name. */
export const ENCODINGS: Readonly<Record<string, (report: Report) => string>> = {
  strings: (report) => asJson(report, (value) => `"${printed(value)}"`),
  bare: (report) => asJson(report, printed),
  nested: ({ stepS, endS, legend, rows }) => {
    const data = rows.map(({ t, values }) => ({ t: String(t), values: values.map(printed) }));
    return JSON.stringify({ meta: { start: '0', step: String(stepS), end: String(endS), legend, data } });
  },
  unquoted: ({ stepS, endS, legend, rows }) => {
    const data = rows.map(({ t, values }) => `{t:${t},values:[${values.map(printed).join(',')}]}`);
    return `{meta:{start:0,step:${stepS},end:${endS},legend:${JSON.stringify(legend)}},data:[${data.join(',')}]}`;
  },
  xml: ({ stepS, endS, legend, rows }) => {
    const entries = legend.map((entry) => `<entry>${xmlText(entry)}</entry>`).join('');
    const data = rows.map(
      ({ t, values }) => `<row><t>${t}</t>${values.map((value) => `<v>${printed(value)}</v>`).join('')}</row>`,
    );
    const meta = `<start>${endS}</start><step>${stepS}</step><end>${endS}</end><rows>${rows.length}</rows>`;
    return `<?xml version="1.0"?>\n<xport><meta>${meta}<columns>${legend.length}</columns><legend>${entries}</legend></meta><data>${data.join('')}</data></xport>`;
  },
};

/** Cuts a text into pieces of so many bytes, as a network would. */
export async function* pieces(text: string, bytes = 7): AsyncGenerator<Buffer> {
  const whole = Buffer.from(text);
  for (let at = 0; at < whole.length; at += bytes) yield whole.subarray(at, at + bytes);
}
