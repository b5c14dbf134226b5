import { type Database, taskOf } from './database.ts';
import { readToken, tokenOf } from './event-from.ts';
import { CLASSES, type ClassName, hostRef, refOf } from './records.ts';
import type { Sessions } from './sessions.ts';
import type { Waiting } from './waiting.ts';
import type { Outcome, RpcCall, Wire } from './wire.ts';
import type { World } from './world.ts';

/** What the calls of XenAPI act on. */
export interface Xapi {
  readonly world: World;
  readonly database: Database;
  readonly sessions: Sessions;
  readonly user: string;
  readonly password: string;
  readonly coordinator: number;
  readonly tasks: Map<string, { status: string; result: string }>;
  /** Epoch microseconds, the true time. */
  now(): number;
  addressOf(host: number): string;
  readonly waiting: Waiting;
}

const fields = ['get_all', 'get_all_records', 'get_record', 'get_by_uuid', 'get_by_name_label'] as const;
const ALSO = [
  'session.login_with_password',
  'session.logout',
  'event.from',
  'event.inject',
  'host.get_servertime',
  'task.create',
  'task.destroy',
  'task.cancel',
  'VM.set_name_label',
  'pool.add_to_other_config',
  'pool.remove_from_other_config',
];

const METHODS: readonly string[] = [...CLASSES.flatMap((name) => fields.map((each) => `${name}.${each}`)), ...ALSO];

const value = (of: Wire): Outcome => ({ value: of });
const error = (...words: readonly string[]): Outcome => ({ error: words });
const text = (of: unknown): string => (typeof of === 'string' ? of : String(of ?? ''));

/** Answers a call that came to `host`. Members only say who is the coordinator. `gone` aborts when the client is. */
export async function answerCall(
  xapi: Xapi,
  host: number,
  { method, params }: RpcCall,
  gone: AbortSignal,
): Promise<Outcome> {
  if (method === 'system.listMethods') return value(METHODS);
  if (host !== xapi.coordinator) return error('HOST_IS_SLAVE', xapi.addressOf(xapi.coordinator));
  if (method === 'session.login_with_password') return login(xapi, params);
  const [session, ...rest] = params;
  if (!xapi.sessions.use(session)) return error('SESSION_INVALID', text(session));
  if (method === 'session.logout') {
    xapi.sessions.logout(text(session));
    xapi.waiting.wake();
    return value('');
  }
  if (method === 'event.from') return eventFrom(xapi, text(session), rest, gone);
  return special(xapi, method, rest) ?? generic(xapi, method, rest);
}

function login({ user, password, sessions }: Xapi, [name, word, , originator]: readonly unknown[]): Outcome {
  if (name !== user || word !== password)
    return error('SESSION_AUTHENTICATION_FAILED', text(name), 'Authentication failure');
  return value(sessions.login(text(originator)));
}

async function eventFrom(
  { waiting }: Xapi,
  session: string,
  [classes, token, timeoutS]: readonly unknown[],
  gone: AbortSignal,
): Promise<Outcome> {
  if (!Array.isArray(classes)) return error('INTERNAL_ERROR', 'classes is not a set');
  // In XML-RPC it has to be a double: integers there are strings to XenAPI.
  if (typeof timeoutS !== 'number') return error('INTERNAL_ERROR', 'timeout is not a float');
  const since = readToken(text(token));
  if (since === undefined) return error('EVENT_FROM_TOKEN_PARSE_FAILURE', text(token));
  return waiting.from(session, { classes: classes.map(text), since, timeoutS, gone });
}

function special({ database, world, tasks, now }: Xapi, method: string, params: readonly unknown[]): Outcome | null {
  const [first, second, third] = params;
  switch (method) {
    case 'event.inject':
      database.touch(first as ClassName, text(second));
      return value(tokenOf(database.generation));
    case 'host.get_servertime': {
      const host = world.hosts.find((each) => hostRef(each) === first);
      if (!host) return error('HANDLE_INVALID', 'host', text(first));
      return value(new Date(Math.floor((now() + host.skewUs) / 1_000_000) * 1000));
    }
    case 'task.create': {
      const task = taskOf(text(first), database.generation);
      tasks.set(task.ref, task.fields);
      database.put('task', task.ref, task.record);
      return value(task.ref);
    }
    case 'task.cancel':
    case 'task.destroy':
      tasks.delete(text(first));
      database.remove('task', text(first));
      return value('');
    case 'VM.set_name_label': {
      const vm = world.vms.find(({ uuid }) => refOf('VM', uuid) === first);
      if (!vm) return error('HANDLE_INVALID', 'VM', text(first));
      world.happen(vm.uuid, { at: now(), what: 'rename', name: text(second) });
      return value('');
    }
    case 'pool.add_to_other_config':
      database.configurePool((config) => ({ ...config, [text(second)]: text(third) }));
      return value('');
    case 'pool.remove_from_other_config':
      database.configurePool(({ [text(second)]: _, ...config }) => config);
      return value('');
    default:
      return null;
  }
}

/** `<class>.get_all`, `get_all_records`, `get_record`, `get_by_uuid`, `get_by_name_label`, and `get_<field>`. */
function generic({ database }: Xapi, method: string, [first]: readonly unknown[]): Outcome {
  const [name = '', verb = ''] = method.split('.');
  const className = CLASSES.find((each) => each === name);
  if (!className || !verb.startsWith('get_')) return error('MESSAGE_METHOD_UNKNOWN', method);
  const objects = database.objects(className);
  if (verb === 'get_all') return value([...objects.keys()]);
  if (verb === 'get_all_records') return value(Object.fromEntries([...objects].map(([ref, of]) => [ref, of()])));
  if (verb === 'get_by_uuid') {
    const found = [...objects].find(([, of]) => of().uuid === first);
    return found ? value(found[0]) : error('UUID_INVALID', className, text(first));
  }
  if (verb === 'get_by_name_label')
    return value([...objects].flatMap(([ref, of]) => (of().name_label === first ? [ref] : [])));
  const record = objects.get(text(first))?.();
  if (!record) return error('HANDLE_INVALID', className, text(first));
  if (verb === 'get_record') return value(record);
  const field = record[verb.slice('get_'.length)];
  return field === undefined ? error('MESSAGE_METHOD_UNKNOWN', method) : value(field);
}
