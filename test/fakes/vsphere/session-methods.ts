import { isTrue, textOf } from './element.ts';
import { invalidLogin, invalidName, methodNotFound } from './fault.ts';
import { type Call, FaultError, type Service } from './service.ts';
import { serviceContent } from './service-content.ts';
import type { ClientSession } from './session.ts';
import { bool, int, object, string, time, toXml, type Value } from './value.ts';

/** Answers a method: what stands in its response element. */
export type Method = (service: Service, call: Call, cookies: SetCookie) => string | Promise<string>;
export type SetCookie = (key: string) => void;

const returnval = (service: Service, value: Value): string => toXml('returnval', value, false, service.xsi);

export const SESSION_METHODS: Readonly<Record<string, Method>> = {
  RetrieveServiceContent: (service) =>
    returnval(service, serviceContent(service.world.mode, service.inventory.places, service.about)),

  CurrentTime: (service) => returnval(service, time(service.now())),

  Login(service, { element, session }, setCookie) {
    const name = (element && textOf(element, 'userName')) ?? '';
    const password = (element && textOf(element, 'password')) ?? '';
    const users = service.options.users ?? { u: 'p' };
    // Who comes with the cookie of a session has to end that first.
    if (session !== null || !Object.hasOwn(users, name) || users[name] !== password)
      throw new FaultError(invalidLogin());
    const made = service.login(name);
    setCookie(made.key);
    return returnval(service, userSession(made));
  },

  Logout(service, call) {
    service.end(service.require(call), true);
    return '';
  },

  SessionIsActive(service, call) {
    service.require(call);
    const key = (call.element && textOf(call.element, 'sessionID')) ?? '';
    return returnval(service, bool(service.sessions.has(key)));
  },

  QueryOptions(service, call) {
    service.require(call);
    const name = (call.element && textOf(call.element, 'name')) ?? '';
    const limit = service.options.maxQueryMetrics;
    if (name !== 'config.vpxd.stats.maxQueryMetrics' || limit === undefined || service.world.mode === 'esx')
      throw new FaultError(invalidName(name));
    // The type of a value is anything, so it is named.
    const value = toXml('value', int(limit ?? -1), true, service.xsi);
    return `<returnval><key>${name}</key>${value}</returnval>`;
  },

  FindByUuid(service, call) {
    service.require(call);
    const uuid = (call.element && textOf(call.element, 'uuid')) ?? '';
    const instance = call.element !== null && isTrue(call.element, 'instanceUuid');
    const found = [...service.world.machines.values()].find(
      ({ spec, id }) =>
        (instance ? spec.instanceUuid : spec.biosUuid) === uuid &&
        service.inventory.has({ type: 'VirtualMachine', value: id }),
    );
    return found ? `<returnval type="VirtualMachine">${found.id}</returnval>` : '';
  },
};

export function unknownMethod(service: Service, call: Call): never {
  service.require(call);
  throw new FaultError(methodNotFound(call.method, call.self));
}

const userSession = ({ key, userName, loggedInAt, activeAt }: ClientSession): Value =>
  object('UserSession', [
    ['key', string(key)],
    ['userName', string(userName)],
    ['fullName', string(userName)],
    ['loginTime', time(loggedInAt)],
    ['lastActiveTime', time(activeAt)],
    ['locale', string('en')],
    ['messageLocale', string('en')],
    ['extensionSession', bool(false)],
    ['ipAddress', string('127.0.0.1')],
    ['userAgent', string('')],
    ['callCount', int(0)],
  ]);
