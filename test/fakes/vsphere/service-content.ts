import type { CounterTable } from './counters.ts';
import { type Managed, managed } from './managed.ts';
import { type Places, SERVICE_INSTANCE } from './places.ts';
import { bool, constant, type Field, int, list, object, ref, string, time, type Value } from './value.ts';

/** What ServiceContent.about says. */
export interface About {
  readonly version: string;
  readonly apiVersion: string;
  readonly instanceUuid: string;
}

export function serviceContent(mode: 'vcenter' | 'esx', places: Places, about: About): Value {
  const esx = mode === 'esx';
  const name = esx ? 'VMware ESXi' : 'VMware vCenter Server';
  const instance: readonly Field[] = esx ? [] : [['instanceUuid', string(about.instanceUuid)]];
  return object('ServiceContent', [
    ['rootFolder', ref(places.rootFolder)],
    ['propertyCollector', ref(places.propertyCollector)],
    ['viewManager', ref(places.viewManager)],
    [
      'about',
      object('AboutInfo', [
        ['name', string(name)],
        ['fullName', string(`${name} ${about.version} build-1 (fake)`)],
        ['vendor', string('VMware, Inc.')],
        ['version', string(about.version)],
        ['build', string('1')],
        ['localeVersion', string('INTL')],
        ['localeBuild', string('000')],
        ['osType', string(esx ? 'vmnix-x86' : 'linux-x64')],
        ['productLineId', string(esx ? 'embeddedEsx' : 'vpx')],
        ['apiType', string(esx ? 'HostAgent' : 'VirtualCenter')],
        ['apiVersion', string(about.apiVersion)],
        ...instance,
      ]),
    ],
    ['setting', ref(places.setting)],
    ['sessionManager', ref(places.sessionManager)],
    ['perfManager', ref(places.perfManager)],
    ['searchIndex', ref(places.searchIndex)],
  ]);
}

/** The objects of the service itself, without folders. */
export function services(
  mode: 'vcenter' | 'esx',
  places: Places,
  about: About,
  counters: CounterTable,
  now: () => number,
): readonly Managed[] {
  return [
    managed(SERVICE_INSTANCE, { serverClock: () => time(now()), content: () => serviceContent(mode, places, about) }),
    managed(places.perfManager, {
      description: () => object('PerformanceDescription', []),
      historicalInterval: () => list('PerfInterval', mode === 'vcenter' ? HISTORICAL : []),
      perfCounter: () => list('PerfCounterInfo', counterInfos(mode, counters)),
    }),
    managed(places.propertyCollector, {}),
    managed(places.viewManager, {}),
    managed(places.sessionManager, {}),
    managed(places.setting, {}),
    managed(places.searchIndex, {}),
  ];
}

const interval = (key: number, seconds: number, name: string, length: number): Value =>
  object('PerfInterval', [
    ['key', int(key)],
    ['samplingPeriod', int(seconds)],
    ['name', string(name)],
    ['length', int(length)],
    ['level', int(1)],
    ['enabled', bool(true)],
  ]);

const HISTORICAL = [
  interval(1, 300, 'Past day', 86_400),
  interval(2, 1800, 'Past week', 604_800),
  interval(3, 7200, 'Past month', 2_592_000),
  interval(4, 86_400, 'Past year', 31_536_000),
];

const LABELS = {
  percent: '%',
  megaHertz: 'MHz',
  millisecond: 'ms',
  kiloBytes: 'KB',
  kiloBytesPerSecond: 'KBps',
  number: 'num',
  second: 's',
} as const;

const element = (label: string, key: string): Value =>
  object('ElementDescription', [
    ['label', string(label)],
    ['summary', string(label)],
    ['key', string(key)],
  ]);

/** An ESX names no levels (govmomi simulator/esx/performance_manager.go has 0, which stands for unset). */
export function counterInfos(mode: 'vcenter' | 'esx', counters: CounterTable): readonly Value[] {
  return [...counters].map(([key, { name, unit, stats, level, deviceLevel }]) => {
    const [group = '', counter = '', rollup = ''] = name.split('.');
    const levels: readonly Field[] = [
      ['level', int(level)],
      ['perDeviceLevel', int(deviceLevel)],
    ];
    return object('PerfCounterInfo', [
      ['key', int(key)],
      ['nameInfo', element(`${group} ${counter}`, counter)],
      ['groupInfo', element(group, group)],
      ['unitInfo', element(LABELS[unit], unit)],
      ['rollupType', constant('PerfSummaryType', rollup)],
      ['statsType', constant('PerfStatsType', stats)],
      ...(mode === 'vcenter' ? levels : []),
    ]);
  });
}
