import { BLOCK_FIELDS, COUNTERS } from '../../../../avro/batch.ts';
import { type Closed, type Closing, createClosed } from '../../../../pipeline/model/closed.ts';
import { derive } from '../../../../pipeline/model/derive.ts';
import type { Derivation, Meter, Selection } from '../../../../pipeline/model/meters.ts';
import type { Sample } from '../../../../pipeline/model/sample.ts';
import { labelOf } from './series.ts';
import { formatTime, ZERO } from './times.ts';

/** A window that came out. Times in microseconds since the zero. */
export interface Came {
  readonly series: string;
  readonly from: number;
  readonly to: number;
  /** By name of the field; `none` for what has no value. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Every statistic as itself, whatever it is called outside. */
const PLAIN: Selection = BLOCK_FIELDS.map((fields, kind) =>
  fields.map((_, field) => {
    const derivations: readonly Derivation[] =
      field < (COUNTERS[kind] ?? 0) ? ['cumulative', 'delta', 'rate'] : ['last'];
    return derivations.map(
      (derivation): Meter => ({
        name: derivation,
        type: 'gauge',
        unit: '',
        kind,
        field,
        derivation,
        divisor: 1,
        ceilometer: null,
        description: '',
      }),
    );
  }),
);

/** What came out at `at`, as it would be published. */
export function cameOf({ counters, gauges }: Closed, sizes: readonly number[], at: number): readonly Came[] {
  const rules = { selection: PLAIN, gauges: 'last' } as const;
  return [
    ...gauges.map((gauge) => came(gauge, gauge, derive({ ...createClosed(sizes), gauges: [gauge] }, rules), sizes, at)),
    ...counters.map((counter) =>
      came(counter, counter, derive({ ...createClosed(sizes), counters: [counter] }, rules), sizes, at),
    ),
  ];
}

interface Placed {
  readonly field: number;
  readonly size: number;
  readonly index: number;
}

function came(
  { instance, block }: Closing,
  { field, size, index }: Placed,
  samples: readonly Sample[],
  sizes: readonly number[],
  at: number,
): Came {
  const length = sizes[size] as number;
  const name = Buffer.from(instance.key, 'hex').toString().replaceAll('\0', '');
  const fields = samples[0]?.spread ? spreadOf(samples[0]) : countedOf(samples, length);
  return {
    series: labelOf(name, block.kind, block.deviceId, field),
    from: index * length - ZERO,
    to: (index + 1) * length - ZERO,
    fields: new Map([...fields, ['at', formatTime(at)]]),
  };
}

const spreadOf = ({ spread }: Sample): readonly (readonly [string, string])[] =>
  Object.entries(spread ?? {}).map(([name, value]) => [name, String(value)] as const);

function countedOf(samples: readonly Sample[], length: number): readonly (readonly [string, string])[] {
  const volumeOf = (derivation: Derivation): string =>
    String(samples.find(({ name }) => name === derivation)?.volume ?? 'none');
  const [sample] = samples;
  return [
    ['delta', volumeOf('delta')],
    ['rate', volumeOf('rate')],
    ['cumulative', volumeOf('cumulative')],
    ['coverage', formatTime(Math.round((sample?.coverage ?? 0) * length))],
    ['quality', sample?.quality ?? 'none'],
    ['flags', sample?.flags.join(',') || '-'],
    ['revision', String(sample?.revision ?? 0)],
  ];
}

/** As a script would say it. */
export function showCame({ series, from, to, fields }: Came): string {
  const shown = [...fields].filter(([name, value]) => !(name === 'revision' && value === '0'));
  const words = shown.map(([name, value]) => `${name} ${name === 'rate' || name === 'mean' ? rounded(value) : value}`);
  return `${series} ${formatTime(from)}..${formatTime(to)} ${words.join(' ')}`;
}

const rounded = (value: string): string => (value === 'none' ? value : String(Number(Number(value).toFixed(4))));
