/** Ceilometer's units in UCUM. Ceilometer's MB are MiB under an older name. */
const UNITS: Readonly<Record<string, string>> = {
  B: 'By',
  KiB: 'KiBy',
  KB: 'KiBy',
  MiB: 'MiBy',
  MB: 'MiBy',
  GiB: 'GiBy',
  GB: 'GiBy',
  ns: 'ns',
  ms: 'ms',
  s: 's',
  sec: 's',
  '%': '%',
  percent: '%',
  '': '',
};

/** A unit as OpenTelemetry writes it (UCUM, case-sensitive): what is counted is an annotation, `{packet}/s`. */
export const ucumOf = (unit: string): string => unit.split('/').map(partOf).join('/');

const partOf = (part: string): string => UNITS[part] ?? `{${part.replace(/[^\x21-\x7a|~]/g, '_')}}`;
