import { isoMicroseconds } from '../../pipeline/runtime/iso-time.ts';
import { element, type Moref, moref, type SoapCall } from './protocol.ts';

/** The one object whose id is the same everywhere; all others are named by its content. */
const SERVICE_INSTANCE: Moref = { type: 'ServiceInstance', id: 'ServiceInstance' };

export const retrieveServiceContent = (): SoapCall => ({
  method: 'RetrieveServiceContent',
  on: SERVICE_INSTANCE,
  body: '',
});

export const currentTime = (): SoapCall => ({ method: 'CurrentTime', on: SERVICE_INSTANCE, body: '' });

export const login = (sessionManager: Moref, username: string, password: string): SoapCall => ({
  method: 'Login',
  on: sessionManager,
  body: element('userName', username) + element('password', password),
});

export const logout = (sessionManager: Moref): SoapCall => ({ method: 'Logout', on: sessionManager, body: '' });

/** The table of counters, a property of the performance manager. */
export const retrieveCounters = (propertyCollector: Moref, perfManager: Moref): SoapCall => ({
  method: 'RetrievePropertiesEx',
  on: propertyCollector,
  body:
    `<specSet><propSet>${element('type', perfManager.type)}${element('pathSet', 'perfCounter')}</propSet>` +
    `<objectSet>${moref('obj', perfManager)}</objectSet></specSet><options></options>`,
});

/** More of an answer that came with a token. */
export const continueRetrieve = (propertyCollector: Moref, token: string): SoapCall => ({
  method: 'ContinueRetrievePropertiesEx',
  on: propertyCollector,
  body: element('token', token),
});

export const createContainerView = (viewManager: Moref, root: Moref, types: readonly string[]): SoapCall => ({
  method: 'CreateContainerView',
  on: viewManager,
  body: moref('container', root) + types.map((type) => element('type', type)).join('') + element('recursive', true),
});

export const destroyView = (view: Moref): SoapCall => ({ method: 'DestroyView', on: view, body: '' });

/** The properties wanted of the objects in a view, by type; whole ones are told even when a part of them changes. */
export const createFilter = (
  propertyCollector: Moref,
  view: Moref,
  paths: Readonly<Record<string, readonly string[]>>,
): SoapCall => ({
  method: 'CreateFilter',
  on: propertyCollector,
  body:
    '<spec>' +
    Object.entries(paths)
      .map(([type, names]) => {
        const pathSets = names.map((name) => element('pathSet', name)).join('');
        return `<propSet>${element('type', type)}${pathSets}</propSet>`;
      })
      .join('') +
    `<objectSet>${moref('obj', view)}<skip>true</skip><selectSet xsi:type="TraversalSpec"><name>view</name>` +
    '<type>ContainerView</type><path>view</path><skip>false</skip></selectSet></objectSet></spec>' +
    element('partialUpdates', false),
});

export const destroyFilter = (filter: Moref): SoapCall => ({ method: 'DestroyPropertyFilter', on: filter, body: '' });

/** One of its own, whose filters and versions are nobody else's. */
export const createPropertyCollector = (propertyCollector: Moref): SoapCall => ({
  method: 'CreatePropertyCollector',
  on: propertyCollector,
  body: '',
});

/** With its filters. */
export const destroyPropertyCollector = (collector: Moref): SoapCall => ({
  method: 'DestroyPropertyCollector',
  on: collector,
  body: '',
});

/** What changed since `version` ('' for all); where nothing did the server waits so long for something to change. */
export const waitForUpdates = (
  propertyCollector: Moref,
  version: string,
  maxObjectUpdates: number,
  maxWaitSeconds = 0,
): SoapCall => ({
  method: 'WaitForUpdatesEx',
  on: propertyCollector,
  body:
    element('version', version) +
    `<options>${element('maxWaitSeconds', maxWaitSeconds)}${element('maxObjectUpdates', maxObjectUpdates)}</options>`,
});

/** `*`: of every device; '': of the whole entity. */
export interface MetricId {
  readonly counterId: number;
  readonly instance: '' | '*';
}

/** Whose samples are wanted, which, and after when (microseconds); null: the newest ones. */
export interface PerfQuery {
  readonly entity: Moref;
  readonly metrics: readonly MetricId[];
  readonly startTime: number | null;
  readonly maxSample: number;
}

/** The interval at which hosts sample, and at which QueryPerf asks them, not the database: seconds. */
export const REAL_TIME_S = 20;

/** Elements in the order of the WSDL: entity, startTime, endTime, maxSample, metricId, intervalId, format. */
export const queryPerf = (perfManager: Moref, queries: readonly PerfQuery[]): SoapCall => ({
  method: 'QueryPerf',
  on: perfManager,
  body: queries.map(encodeQuery).join(''),
});

const encodeQuery = ({ entity, metrics, startTime, maxSample }: PerfQuery): string =>
  '<querySpec>' +
  moref('entity', entity) +
  (startTime === null ? '' : element('startTime', isoMicroseconds(startTime))) +
  element('maxSample', maxSample) +
  metrics
    .map(
      ({ counterId, instance }) =>
        `<metricId>${element('counterId', counterId)}${element('instance', instance)}</metricId>`,
    )
    .join('') +
  element('intervalId', REAL_TIME_S) +
  element('format', 'csv') +
  '</querySpec>';
