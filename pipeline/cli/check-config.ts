import { METERS, matches } from '../model/meters.ts';
import { patternMatcher } from '../model/pattern.ts';
import type { Path } from '../runtime/config/fault.ts';
import type { Remark } from '../runtime/config/load.ts';
import { suggestion } from '../runtime/config/suggest.ts';
import type { Config } from './schema.ts';
import { slowestInterval } from './slowest-interval.ts';
import { openPasswords, unverifiedTls } from './unverified.ts';

/** What a command needs of a configuration. */
export type Role =
  | 'collect'
  | 'pipeline'
  | 'run'
  | 'poll'
  | 'check'
  | 'print'
  | 'audit'
  | 'inventory'
  | 'tap'
  | 'replay'
  | 'explain';

/** Least wait for a silent series, and how many intervals of silence count as a gap (docs/configuration.md). */
const LEAST_GRACE_US = 30_000_000;
const GAP_INTERVALS = 3.5;

/** What is wrong with a valid configuration for the command it is given to, or unwise in it. */
export const checkConfig =
  (role: Role) =>
  (config: Config): readonly Remark[] => [
    ...missingLists(config, role),
    ...shortGraces(config),
    ...shortWindows(config),
    ...longGraces(config),
    ...strayPatterns(config),
    ...strayWindows(config),
    ...unverifiedTls(config),
    ...openPasswords(config),
  ];

function missingLists(config: Config, role: Role): readonly Remark[] {
  const remarks: Remark[] = [];
  const error = (path: string[], message: string) => remarks.push({ severity: 'error', path, message });
  const looks = config.discovery.length > 0;
  if ((role === 'collect' || role === 'run' || role === 'poll') && config.connectors.length === 0 && !looks)
    error(['connectors'], 'names no hypervisor; add one such as { name: kvm1, type: libvirt, uri: … }');
  if ((role === 'pipeline' || role === 'run') && config.sinks.length === 0)
    error(['sinks'], 'names no destination; add one such as { type: stdout }');
  if ((role === 'collect' || role === 'pipeline') && isEmbedded(config.kafka))
    error(['kafka', 'brokers'], `is embedded, which lives in one process only: name brokers, or use "run"`);
  return remarks;
}

const isEmbedded = (kafka: unknown): boolean =>
  typeof kafka === 'object' && kafka !== null && 'brokers' in kafka && kafka.brokers === 'embedded';

/** The grace that `auto` stands for at a collector's interval, microseconds. */
export const recommendedGraceUs = (intervalUs: number): number => Math.max(LEAST_GRACE_US, GAP_INTERVALS * intervalUs);

function shortGraces(config: Config): readonly Remark[] {
  const recommended = recommendedGraceUs(slowestInterval(config));
  return config.pipeline.windows.flatMap(({ grace }, index): Remark[] =>
    grace === 'auto' || grace >= recommended
      ? []
      : [
          {
            severity: 'warning',
            path: ['pipeline', 'windows', index, 'grace'],
            message: `is shorter than the ${recommended / 1e6} s that the collector's interval asks for; windows of slow series will be partial. auto chooses it`,
          },
        ],
  );
}

/** Windows that hold one reading or none. */
function shortWindows(config: Config): readonly Remark[] {
  const interval = slowestInterval(config);
  const slowest = config.connectors.find((connector) => connector.interval === interval);
  const own = slowest === undefined ? 'the interval of a template of discovery' : `the interval of ${slowest.name}`;
  const whose = interval === config.collector.interval ? 'this collector.interval' : own;
  return config.pipeline.windows.flatMap(({ size }, index): Remark[] => {
    if (size >= 2 * interval) return [];
    const message = `is shorter than two polls, ${(2 * interval) / 1e6} s at ${whose}: most windows would rest on one reading or none`;
    return [{ severity: 'warning', path: ['pipeline', 'windows', index, 'size'], message }];
  });
}

/** Graces that somebody wrote and that are longer than what they wait for. */
const longGraces = ({ pipeline: { windows } }: Config): readonly Remark[] =>
  windows.flatMap(({ size, grace }, index): Remark[] => {
    if (grace === 'auto' || grace <= size) return [];
    const message = `is longer than its window of ${size / 1e6} s, which would come out more than a window late. auto chooses it`;
    return [{ severity: 'warning', path: ['pipeline', 'windows', index, 'grace'], message }];
  });

/** Patterns of meters that no meter is called by, and selections that leave nothing. */
function strayPatterns({ meters, sinks }: Config): readonly Remark[] {
  const names = METERS.map(({ name }) => name);
  const emitted = names.filter(matches(meters));
  return [
    ...strayIn(['meters'], meters, names, names),
    ...sinks.flatMap((sink, index) =>
      sink.meters ? strayIn(['sinks', index, 'meters'], sink.meters, names, emitted) : [],
    ),
  ];
}

/** Sizes of windows that a sink asks for and the pipeline does not make: it would get nothing. */
function strayWindows({ pipeline, sinks }: Config): readonly Remark[] {
  const made = new Set(pipeline.windows.map(({ size }) => size));
  const sizes = [...made].map((size) => `${size / 1e6}s`).join(', ');
  return sinks.flatMap((sink, index) =>
    (sink.windows ?? []).flatMap((size, at): Remark[] => {
      if (made.has(size)) return [];
      const message = `is no size of pipeline.windows, which has ${sizes}; add it there`;
      return [{ severity: 'error', path: ['sinks', index, 'windows', at], message }];
    }),
  );
}

/** `offered`: the meters that are selected from; a pattern is only stray if it names none of all. */
function strayIn(
  path: Path,
  patterns: readonly string[],
  names: readonly string[],
  offered: readonly string[],
): readonly Remark[] {
  const stray = patterns.flatMap((pattern, index): Remark[] => {
    const wanted = pattern.replace(/^!/, '');
    if (names.some(patternMatcher(wanted))) return [];
    return [
      {
        severity: 'warning',
        path: [...path, index],
        message: `names no meter there is${suggestion(wanted, names) || '; docs/meters.md lists them'}`,
      },
    ];
  });
  if (stray.length > 0 || offered.some(matches(patterns))) return stray;
  return [{ severity: 'warning', path, message: 'leaves no meter' }];
}
