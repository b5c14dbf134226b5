import { setTimeout as delay } from 'node:timers/promises';
import { child, children, type Element, isTrue, textOf } from './element.ts';
import { canceled, invalidArgument, invalidVersion, notFound } from './fault.ts';
import { contentOf, objectXml } from './property-content.ts';
import { MissingObject, refOf, select } from './property-filter.ts';
import { type Call, FaultError, type Service } from './service.ts';
import type { ClientSession } from './session.ts';
import type { Method } from './session-methods.ts';
import { StaleVersion, type UpdateCollector } from './update-collector.ts';
import { escapeXml, type Ref } from './value.ts';

/** How often a waiting WaitForUpdatesEx looks, in real milliseconds. */
const LOOK_MS = 20;

const refXml = ({ type, value }: Ref): string => `<returnval type="${type}">${escapeXml(value)}</returnval>`;

export const PROPERTY_METHODS: Readonly<Record<string, Method>> = {
  RetrieveProperties: (service, call) => retrieve(service, call, 'returnval').join(''),

  RetrievePropertiesEx(service, call) {
    const session = service.require(call);
    const objects = retrieve(service, call, 'objects');
    const options = call.element && child(call.element, 'options');
    const size = Number((options && textOf(options, 'maxObjects')) ?? 0);
    return objects.length === 0 ? '' : page(session, objects, size === 0 ? objects.length : size);
  },

  ContinueRetrievePropertiesEx(service, call) {
    const session = service.require(call);
    const token = (call.element && textOf(call.element, 'token')) ?? '';
    const rest = session.pages.get(token);
    if (rest === undefined) throw new FaultError(invalidArgument('token'));
    session.pages.delete(token);
    return page(session, rest.objects, rest.size);
  },

  CancelRetrievePropertiesEx(service, call) {
    service.require(call).pages.delete((call.element && textOf(call.element, 'token')) ?? '');
    return '';
  },

  CreateContainerView(service, call) {
    const session = service.require(call);
    const element = elementOf(call);
    const container = refOf(child(element, 'container'));
    if (service.inventory.find(container) === undefined) throw new FaultError(notFound(container));
    const types = children(element, 'type').map(({ text }) => text);
    return refXml(session.addView(container, types, isTrue(element, 'recursive')).ref);
  },

  DestroyView(service, call) {
    if (!service.require(call).views.delete(call.self.value)) throw new FaultError(notFound(call.self));
    return '';
  },

  CreatePropertyCollector: (service, call) => refXml(service.require(call).addCollector()),

  DestroyPropertyCollector(service, call) {
    if (!service.require(call).collectors.delete(call.self.value)) throw new FaultError(notFound(call.self));
    return '';
  },

  CreateFilter(service, call) {
    const session = service.require(call);
    const spec = child(elementOf(call), 'spec');
    if (spec === undefined) throw new FaultError(invalidArgument('spec'));
    // A filter upon what is not there is refused at once.
    found(() => select(spec, (of) => service.find(session, of)));
    return refXml(session.addFilter(collectorOf(session, call.self), spec));
  },

  DestroyPropertyFilter(service, call) {
    if (!service.require(call).destroyFilter(call.self.value)) throw new FaultError(notFound(call.self));
    return '';
  },

  WaitForUpdatesEx,

  CancelWaitForUpdates(service, call) {
    service.require(call).cancels++;
    return '';
  },
};

function elementOf({ element, method }: Call): Element {
  if (element === null) throw new Error(`${method} without its element`);
  return element;
}

function found<T>(look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (error instanceof MissingObject) throw new FaultError(notFound(error.of));
    throw error;
  }
}

function retrieve(service: Service, call: Call, name: string): string[] {
  const context = service.collecting(service.require(call));
  return children(elementOf(call), 'specSet').flatMap((spec) =>
    found(() => select(spec, context.find)).map((chosen) =>
      objectXml(name, chosen.object.ref, contentOf(chosen, context.withhold, context.xsi), context.xsi),
    ),
  );
}

function page(session: ClientSession, objects: string[], size: number): string {
  const rest = objects.slice(size);
  let token = '';
  if (rest.length > 0) {
    const key = session.newRef('token').value;
    session.pages.set(key, { objects: rest, size });
    token = `<token>${escapeXml(key)}</token>`;
  }
  return `<returnval>${token}${objects.slice(0, size).join('')}</returnval>`;
}

function collectorOf(session: ClientSession, self: Ref): UpdateCollector {
  const collector = session.collectors.get(self.value);
  if (collector === undefined) throw new FaultError(notFound(self));
  return collector;
}

async function WaitForUpdatesEx(service: Service, call: Call): Promise<string> {
  const session = service.require(call);
  const element = elementOf(call);
  const collector = collectorOf(session, call.self);
  const options = child(element, 'options');
  const seconds = options && textOf(options, 'maxWaitSeconds');
  const most = Number((options && textOf(options, 'maxObjectUpdates')) ?? service.options.maxObjectUpdates ?? 100);
  const { cancels } = session;
  const context = service.collecting(session);
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    const changes = changesSince(collector, textOf(element, 'version') ?? '', most, context);
    if (changes !== null) return changes;
    if (seconds !== undefined && waitedMs >= Number(seconds) * 1000) return '';
    await delay(LOOK_MS);
    if (session.cancels !== cancels) throw new FaultError(canceled());
    if (!service.sessions.has(session.key)) throw new FaultError(canceled());
  }
}

function changesSince(
  ...[collector, version, most, context]: [UpdateCollector, ...Parameters<UpdateCollector['changes']>]
) {
  try {
    return found(() => collector.changes(version, most, context));
  } catch (error) {
    if (error instanceof StaleVersion) throw new FaultError(invalidVersion());
    throw error;
  }
}
