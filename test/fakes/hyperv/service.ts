import { randomUUID } from 'node:crypto';
import { child, type Element, parseElement } from '../vsphere/element.ts';
import { type Dialect, USUAL_DIALECT } from './dialect.ts';
import { Enumerations, type Portion, TooLarge } from './enumerations.ts';
import * as faults from './fault.ts';
import { classElement, fragment } from './instance-xml.ts';
import { ENUMERATION, envelope, escapeXml, notUnderstood, resourceOf, seconds, text, WQL_DIALECT } from './soap.ts';
import { type Lacks, select, WmiError } from './wmi.ts';
import type { Namespace } from './wmi-value.ts';
import type { World } from './world.ts';
import { parseWql, type Query } from './wql.ts';

export interface ServiceOptions {
  readonly world: World;
  /** Which of the world's hosts; default the first. */
  readonly host?: string;
  readonly dialect?: Partial<Dialect>;
  /** Classes and `Class.Property` that this host lacks. */
  readonly lacks?: Lacks;
  readonly absentClass?: faults.AbsentClass;
  /** Whether the context is still there with the last items (default: an empty element). */
  readonly lastContext?: 'kept' | 'empty' | 'absent';
  /** EndOfSequence in the namespace where its answer's other elements are (default), or in the other one. */
  readonly endOfSequence?: 'usual' | 'other';
  /** Enumerations that a user may have open; Windows: 1500. */
  readonly maxOperations?: number;
  /** Windows' MaxEnvelopeSizekb, in bytes. */
  readonly maxEnvelope?: number;
}

export type Action = 'Identify' | 'Enumerate' | 'Pull' | 'Release' | 'unknown';

/** What a client asks. */
export interface Call {
  readonly action: Action;
  readonly namespace: Namespace | null;
  /** Of the query or of the resource's URI; null with Pull, Release and Identify. */
  readonly className: string | null;
  readonly wql: string | null;
  readonly context: string | null;
  readonly user: string;
  readonly messageId: string;
  /** The request's XML. */
  readonly text: string;
  readonly header: Element | null;
  readonly body: Element | null;
}

/** A fault to be answered. */
export class FaultError extends Error {
  override readonly name = 'FaultError';
  readonly fault: faults.Fault;

  constructor(fault: faults.Fault) {
    super(fault.message);
    this.fault = fault;
  }
}

/** Bytes of an envelope around its items. */
const ENVELOPE_ROOM = 1500;
const LEAST_ENVELOPE = 8192;

/** WS-Management of one host, without HTTP. */
export class Service {
  readonly options: ServiceOptions;
  readonly host: string;
  readonly enumerations: Enumerations;
  dialect: Dialect;

  constructor(options: ServiceOptions) {
    this.options = options;
    this.host = options.host ?? [...options.world.hosts.keys()][0] ?? '';
    this.dialect = { ...USUAL_DIALECT, ...options.dialect };
    this.enumerations = new Enumerations(options.world.now, () => `uuid:${randomUUID().toUpperCase()}`);
  }

  /** Throws an Error on XML that is none, and a FaultError on headers that are wrong. */
  understand(xml: string, user: string): Call {
    const root = parseElement(xml);
    const [header, body] = [child(root, 'Header'), child(root, 'Body')];
    if (root.name !== 'Envelope' || body === undefined) throw new Error('no SOAP envelope with a body');
    const none = { namespace: null, className: null, wql: null, context: null };
    const rest = { user, messageId: text(header, 'MessageID'), text: xml, header: header ?? null, body };
    if (child(body, 'Identify') !== undefined) return { action: 'Identify', ...none, ...rest };
    const action = actionOf(text(header, 'Action'));
    const resource = resourceOf(text(header, 'ResourceURI'));
    const request = child(body, action);
    const context = text(request, 'EnumerationContext') || null;
    const wql = request ? (child(request, 'Filter')?.text ?? null) : null;
    const named = resource === null || resource.name === '*' ? null : resource.name;
    const className = /\bFROM\s+(\w+)/i.exec(wql ?? '')?.[1] ?? named;
    return { action, namespace: resource?.namespace ?? null, className, wql, context, ...rest };
  }

  /** The answer's XML. Throws a FaultError. */
  answer(call: Call): string {
    if (call.action === 'Identify') return this.#identify(call);
    const wrong = call.header ? notUnderstood(call.header) : undefined;
    if (wrong !== undefined) throw new FaultError(faults.mustUnderstand(wrong));
    if (call.action === 'unknown') throw new FaultError(faults.badAction);
    if (call.namespace === null) throw new FaultError(faults.badResource);
    if (call.action === 'Enumerate') return this.#enumerate(call, call.namespace);
    if (call.action === 'Pull') return this.#pull(call);
    if (!this.enumerations.release(call.context ?? '')) throw new FaultError(faults.invalidContext);
    return this.#envelope(call, 'ReleaseResponse', '');
  }

  fault(fault: faults.Fault, messageId: string): string {
    return faults.faultXml(fault, this.host, messageId, newMessageId());
  }

  #identify({ messageId }: Call): string {
    const identity = 'http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd';
    const version = `OS: 10.0.${this.options.world.hosts.get(this.host)?.build ?? 0} SP: 0.0 Stack: 3.0`;
    const body =
      `<i:IdentifyResponse xmlns:i="${identity}">` +
      '<i:ProtocolVersion>http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd</i:ProtocolVersion>' +
      `<i:ProductVendor>Microsoft Corporation</i:ProductVendor><i:ProductVersion>${version}</i:ProductVersion>` +
      '</i:IdentifyResponse>';
    return envelope(`${identity}/IdentifyResponse`, messageId, newMessageId(), body);
  }

  #enumerate(call: Call, namespace: Namespace): string {
    const request = call.body ? child(call.body, 'Enumerate') : undefined;
    if (request === undefined) throw new FaultError(faults.badFilter('There is no Enumerate.'));
    if (this.enumerations.size >= (this.options.maxOperations ?? 1500)) throw new FaultError(faults.quota);
    const query = this.#query(call, child(request, 'Filter'));
    const items = this.#items(namespace, query);
    const isOptimized = child(request, 'OptimizeEnumeration') !== undefined;
    const most = isOptimized ? mostOf(request) : 0;
    const portion = this.#portion(() => this.enumerations.begin(call.user, items, most, this.#room(call)));
    const inner = isOptimized ? itemsXml('w', portion) + this.#endXml('w', portion) : '';
    return this.#envelope(call, 'EnumerateResponse', this.#contextXml(portion, null) + inner);
  }

  #pull(call: Call): string {
    const request = call.body ? child(call.body, 'Pull') : undefined;
    const context = call.context ?? '';
    const pull = () => this.enumerations.pull(call.user, context, request ? mostOf(request) : 1, this.#room(call));
    const portion = this.#portion(pull);
    const inner = this.#contextXml(portion, context) + itemsXml('n', portion) + this.#endXml('n', portion);
    return this.#envelope(call, 'PullResponse', inner);
  }

  #query({ wql, className }: Call, filter: Element | undefined): Query {
    if (wql === null) {
      if (className === null) throw new FaultError(faults.badResource);
      return { properties: null, from: className, where: [] };
    }
    if (filter?.attributes.Dialect !== WQL_DIALECT) throw new FaultError(faults.badDialect);
    try {
      return parseWql(wql);
    } catch (error) {
      throw new FaultError(faults.invalidQuery(error instanceof Error ? error.message : String(error)));
    }
  }

  #items(namespace: Namespace, query: Query): readonly string[] {
    const { world, lacks = [], absentClass = 'filter' } = this.options;
    const view = { world, host: this.host, now: world.now(), dialect: this.dialect };
    try {
      const found = select(view, namespace, query, lacks);
      return found.map((each) => (query.properties === null ? classElement(namespace, each) : fragment(each)));
    } catch (error) {
      if (!(error instanceof WmiError)) throw error;
      const isClass = error.status === 'WBEM_E_INVALID_CLASS';
      throw new FaultError(isClass ? faults.absentClass(absentClass, query.from) : faults.invalidQuery(error.message));
    }
  }

  /** Bytes for items in an answer. */
  #room({ header }: Call): number {
    const asked = Number(text(header ?? undefined, 'MaxEnvelopeSize') || 153_600);
    if (!(asked >= LEAST_ENVELOPE)) throw new FaultError(faults.tooLarge);
    const timeout = text(header ?? undefined, 'OperationTimeout');
    if (timeout !== '' && seconds(timeout) === null) throw new FaultError(faults.badHeader('OperationTimeout'));
    return Math.min(asked, this.options.maxEnvelope ?? 512_000) - ENVELOPE_ROOM;
  }

  #portion(make: () => Portion | null): Portion {
    let portion: Portion | null;
    try {
      portion = make();
    } catch (error) {
      if (error instanceof TooLarge) throw new FaultError(faults.tooLarge);
      throw error;
    }
    if (portion === null) throw new FaultError(faults.invalidContext);
    return portion;
  }

  #contextXml({ context }: Portion, before: string | null): string {
    const last = this.options.lastContext ?? 'empty';
    if (context === null && last === 'absent') return '';
    if (context === null && last === 'empty') return '<n:EnumerationContext/>';
    return `<n:EnumerationContext>${escapeXml(context ?? before ?? `uuid:${randomUUID()}`)}</n:EnumerationContext>`;
  }

  #endXml(prefix: 'w' | 'n', { context }: Portion): string {
    if (context !== null) return '';
    const isOther = this.options.endOfSequence === 'other';
    const shown = isOther ? (prefix === 'w' ? 'n' : 'w') : prefix;
    return `<${shown}:EndOfSequence/>`;
  }

  #envelope(call: Call, name: string, inner: string): string {
    const body = inner === '' ? '' : `<n:${name}>${inner}</n:${name}>`;
    return envelope(`${ENUMERATION}/${name}`, call.messageId, newMessageId(), body);
  }
}

const itemsXml = (prefix: 'w' | 'n', { items }: Portion): string =>
  `<${prefix}:Items>${items.join('')}</${prefix}:Items>`;

const newMessageId = (): string => `uuid:${randomUUID().toUpperCase()}`;

function actionOf(uri: string): Action {
  const name = uri.startsWith(`${ENUMERATION}/`) ? uri.slice(ENUMERATION.length + 1) : '';
  return name === 'Enumerate' || name === 'Pull' || name === 'Release' ? name : 'unknown';
}

/** MaxElements of either namespace; one where it is not said. */
function mostOf(request: Element): number {
  const most = Number(text(request, 'MaxElements') || 1);
  if (!Number.isSafeInteger(most) || most < 1) throw new FaultError(faults.badFilter('MaxElements is no number.'));
  return most;
}
