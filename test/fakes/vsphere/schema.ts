import type { Element } from './element.ts';

/**
 * Fields of requests in the order that the schema gives them, with the type of those that have fields. A real server's
 * deserializer takes them in no other order, and knows no others.
 */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  RetrieveServiceContent: ['_this'],
  CurrentTime: ['_this'],
  Login: ['_this', 'userName', 'password', 'locale'],
  Logout: ['_this'],
  SessionIsActive: ['_this', 'sessionID', 'userName'],
  RetrieveProperties: ['_this', 'specSet:PropertyFilterSpec'],
  RetrievePropertiesEx: ['_this', 'specSet:PropertyFilterSpec', 'options:RetrieveOptions'],
  ContinueRetrievePropertiesEx: ['_this', 'token'],
  CancelRetrievePropertiesEx: ['_this', 'token'],
  CreateContainerView: ['_this', 'container', 'type', 'recursive'],
  DestroyView: ['_this'],
  CreateFilter: ['_this', 'spec:PropertyFilterSpec', 'partialUpdates'],
  DestroyPropertyFilter: ['_this'],
  CreatePropertyCollector: ['_this'],
  DestroyPropertyCollector: ['_this'],
  WaitForUpdatesEx: ['_this', 'version', 'options:WaitOptions'],
  CancelWaitForUpdates: ['_this'],
  QueryPerfCounter: ['_this', 'counterId'],
  QueryAvailablePerfMetric: ['_this', 'entity', 'beginTime', 'endTime', 'intervalId'],
  QueryPerfProviderSummary: ['_this', 'entity'],
  QueryOptions: ['_this', 'name'],
  FindByUuid: ['_this', 'datacenter', 'uuid', 'vmSearch', 'instanceUuid'],
  PropertyFilterSpec: ['propSet:PropertySpec', 'objectSet:ObjectSpec', 'reportMissingObjectsInResults'],
  PropertySpec: ['type', 'all', 'pathSet'],
  ObjectSpec: ['obj', 'skip', 'selectSet:SelectionSpec'],
  SelectionSpec: ['name'],
  TraversalSpec: ['name', 'type', 'path', 'skip', 'selectSet:SelectionSpec'],
  RetrieveOptions: ['maxObjects'],
  WaitOptions: ['maxWaitSeconds', 'maxObjectUpdates'],
};

/** What of a request is not as the schema has it; null: all is well, or the type is not one of ours. */
export function offence(element: Element, type: string): string | null {
  const fields = TYPES[type];
  if (fields === undefined) return null;
  const names = fields.map((each) => each.split(':')[0] ?? '');
  let last = 0;
  for (const each of element.children) {
    const index = names.indexOf(each.name, last);
    if (index < 0) return `Unexpected element tag "${each.name}" seen in ${type}`;
    last = index;
    const declared = fields[index]?.split(':')[1];
    const within = declared && offence(each, each.attributes.type ?? declared);
    if (within) return within;
  }
  return null;
}
