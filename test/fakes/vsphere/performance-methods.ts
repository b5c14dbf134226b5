import { child, children, textOf } from './element.ts';
import { invalidArgument, notFound, restricted } from './fault.ts';
import type { Metered } from './metered.ts';
import { refOf } from './property-filter.ts';
import { type QuerySpec, querySpecs } from './query-spec.ts';
import { type Call, FaultError, type Service } from './service.ts';
import { counterInfos } from './service-content.ts';
import type { Method } from './session-methods.ts';
import { escapeXml, type Ref, toXml } from './value.ts';

export const PERFORMANCE_METHODS: Readonly<Record<string, Method>> = {
  QueryPerf(service, call) {
    service.require(call);
    const specs = querySpecs(call.text);
    const metrics = specs.reduce((sum, spec) => sum + spec.metrics.length, 0);
    service.queries.push({ entities: specs.length, metrics });
    if (specs.length === 0) throw new FaultError(invalidArgument('querySpec'));
    checkMetrics(service, specs, metrics);
    const now = service.now();
    service.futureStarts += specs.filter(({ startTime }) => startTime !== null && startTime > now).length;
    return service.performance.answer(specs.filter((spec) => isThere(service, spec)));
  },

  QueryPerfCounter(service, call) {
    service.require(call);
    const wanted = call.element ? children(call.element, 'counterId').map(({ text }) => Number(text)) : [];
    const table = new Map(
      wanted.map((key) => {
        const counter = service.counters.get(key);
        if (counter === undefined) throw new FaultError(invalidArgument('counterId'));
        return [key, counter] as const;
      }),
    );
    const all = counterInfos(service.world.mode, table);
    return all.map((counter) => toXml('returnval', counter, false, service.xsi)).join('');
  },

  QueryAvailablePerfMetric(service, call) {
    const metered = entityOf(service, call);
    const interval = Number((call.element && textOf(call.element, 'intervalId')) ?? 20);
    if (metered === null || interval !== 20) return '';
    const series = service.world.samples(metered).length === 0 ? [] : service.performance.seriesFor(metered, []);
    return series
      .map(
        ({ key, instance }) =>
          `<returnval><counterId>${key}</counterId><instance>${escapeXml(instance)}</instance></returnval>`,
      )
      .join('');
  },

  QueryPerfProviderSummary(service, call) {
    const metered = entityOf(service, call);
    const { type, value } = refOf((call.element && child(call.element, 'entity')) ?? undefined);
    const real = metered !== null;
    return (
      `<returnval><entity type="${type}">${escapeXml(value)}</entity><currentSupported>${real}</currentSupported>` +
      `<summarySupported>${service.world.mode === 'vcenter'}</summarySupported>${real ? '<refreshRate>20</refreshRate>' : ''}</returnval>`
    );
  },
};

/** The machine or host of a call; null for another object, which has no real-time statistics; a fault for none. */
function entityOf(service: Service, call: Call): Metered | null {
  service.require(call);
  const of: Ref = refOf((call.element && child(call.element, 'entity')) ?? undefined);
  if (service.inventory.has(of)) return service.world.metered(of.value);
  if (service.inventory.find(of) === undefined) throw new FaultError(notFound(of));
  return null;
}

function checkMetrics(service: Service, specs: readonly QuerySpec[], asked: number): void {
  const limit = service.options.maxQueryMetrics ?? Number.POSITIVE_INFINITY;
  if (asked > limit) throw new FaultError(restricted('vpxd.stats.maxQueryMetrics'));
  for (const metrics of new Set(specs.map((spec) => spec.metrics)))
    for (const { counterId } of metrics)
      if (!service.counters.has(counterId)) throw new FaultError(invalidArgument('querySpec.metricId'));
}

function isThere(service: Service, { type, entity }: QuerySpec): boolean {
  const of = { type, value: entity };
  if (service.inventory.has(of)) return true;
  // Other objects have statistics too, but none in real time.
  if (type !== 'VirtualMachine' && service.inventory.find(of) !== undefined) return false;
  const { gone = 'named' } = service.options;
  if (gone !== 'ignored') throw new FaultError(notFound(gone === 'named' ? of : null));
  return false;
}
