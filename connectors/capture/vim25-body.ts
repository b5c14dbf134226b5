import { rewriteNote } from './nova-note.ts';
import type { Product } from './product.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { isBoolean, isPropertyPath, isTime, isVersion, isWhole, isWord } from './shapes.ts';
import { type OpenElement, rewriteXml, type XmlRules } from './xml-body.ts';

export interface Vim25Options {
  readonly texts: Pseudonyms;
  readonly product: Product;
  /** The answer to a login, which holds the session and who logged in: no text of it is written. */
  readonly isLogin: boolean;
}

/**
 * Rewrites one request or answer of vim25. A text is kept where its element is known to hold a number, a time, a word of
 * the API or a reference, and it looks like one; every other is replaced. Throws MalformedBody.
 */
export const rewriteVim25 = (document: string, options: Vim25Options): string =>
  rewriteXml(document, new Vim25Rules(options));

const words = (names: string): ReadonlySet<string> => new Set(names.split(/\s+/));

/** What each element holds, by its name; what is not listed is a text. */
const FIELDS: readonly (readonly [ReadonlySet<string>, (text: string) => boolean])[] = [
  [
    words(
      `counterId key level perDeviceLevel associatedCounterId interval intervalId maxSample maxWaitSeconds maxObjectUpdates
      maxObjects busNumber unitNumber controllerKey capacityInKB capacityInBytes scsiCtlrUnitNumber device shares
      connectionCookie videoRamSizeInKB numDisplays graphicsMemorySizeInKB slotNumber pciSlotNumber reservation
      version numCPU memoryMB numCpuThreads memorySize samplingPeriod`,
    ),
    isWhole,
  ],
  [
    words(
      `truncated recursive skip partialUpdates startConnected allowGuestControl connected wakeOnLanEnabled uptCompatibilityEnabled
      autoDetect useAutoDetect useAutoDetect3D hotAddRemove thinProvisioned eagerlyScrub writeThrough split digestEnabled
      nativeUnmanagedLinkedClone enable3DSupport allowUnrestrictedCommunication filterEnable autoConnectDevices ehciEnabled
      deltaDiskFormatVariant yieldOnPoll inMaintenanceMode includeCounters template exclusive passthrough`,
    ),
    isBoolean,
  ],
  [words('timestamp startTime endTime loginTime lastActiveTime bootTime'), isTime],
  [
    words(
      `kind op rollupType statsType format diskMode sharing addressType status sharedBus level use3dRenderer powerState
      connectionState compatibilityMode faultcode apiType deltaDiskFormat diskFormat propSetType migrateConnect protocol`,
    ),
    isWord,
  ],
];

/** Types of values that XML schema has itself. */
const VALUES: Readonly<Record<string, (text: string) => boolean>> = {
  byte: isWhole,
  short: isWhole,
  int: isWhole,
  long: isWhole,
  boolean: isBoolean,
  dateTime: isTime,
};
/** Elements whose `name` or `path` is one of the API, not of a thing. */
const OF_PROPERTIES = new Set(['changeSet', 'propSet', 'missingSet', 'selectSet', 'specSet', 'objectSet']);
const INFO = new Set(['groupInfo', 'nameInfo', 'unitInfo']);
/** `20,2026-01-01T00:00:20Z,…`; `1,2,-1,…` */
const SAMPLES = /^\d{1,6},[\dTZ:.+-]{1,40}(?:,\d{1,6},[\dTZ:.+-]{1,40})*$/;
const NUMBERS = /^-?\d{0,20}(?:,-?\d{0,20})*$/;

class Vim25Rules implements XmlRules {
  readonly #options: Vim25Options;
  /** The property that the innermost change is of. */
  #property = '';

  constructor(options: Vim25Options) {
    this.#options = options;
  }

  attribute(value: string): string {
    return this.#options.texts.text(value);
  }

  text(stack: readonly OpenElement[], text: string): string {
    const { texts, isLogin } = this.#options;
    const element = stack.at(-1);
    const parent = stack.at(-2);
    if (element === undefined) return texts.text(text);
    if (isLogin && !stack.some(({ name }) => name === 'Fault')) return this.#login(element.name, text);
    if (element.type !== null) return texts.reference(text);
    if (element.name === 'val') return this.#value(element, text);
    if (parent?.name === 'about') return this.#about(element.name, text);
    return isKept(element.name, parent?.name ?? '', text, (path) => this.#take(parent, path))
      ? text
      : this.#other(element.name, text);
  }

  #login(name: string, text: string): string {
    const { texts } = this.#options;
    if (name === 'key') texts.addSecret(text);
    else if (name === 'userName') texts.addUser(text);
    return texts.remove();
  }

  /** `name` comes before `val`. */
  #take(parent: OpenElement | undefined, path: string): void {
    if (parent?.name === 'changeSet' || parent?.name === 'propSet') this.#property = path;
  }

  #value({ xsiType }: OpenElement, text: string): string {
    const { texts } = this.#options;
    if (xsiType !== null && VALUES[xsiType]?.(text)) return text;
    // Whatever type it is given: the property says what it is.
    if (isField(this.#property.slice(this.#property.lastIndexOf('.') + 1), text)) return text;
    if (this.#property === 'name') return texts.name(text);
    if (this.#property === 'summary.config.annotation') return rewriteNote(text, texts);
    return texts.text(text);
  }

  #about(name: string, text: string): string {
    const { texts, product } = this.#options;
    if (name === 'instanceUuid' || !isVersion(text)) return texts.text(text);
    product.tell(name, text);
    return text;
  }

  #other(name: string, text: string): string {
    const { texts } = this.#options;
    return name === 'instance' ? texts.device(text) : texts.text(text);
  }
}

function isKept(name: string, parent: string, text: string, onProperty: (path: string) => void): boolean {
  if ((name === 'name' || name === 'path' || name === 'pathSet' || name === 'type') && OF_PROPERTIES.has(parent)) {
    const isPath = isPropertyPath(text) || (name === 'type' && isWord(text));
    if (isPath && name === 'name') onProperty(text);
    return isPath;
  }
  if (name === 'key' && text === 'nvp.vm-uuid') return parent === 'val' || parent === 'OptionValue';
  if (name === 'key' && INFO.has(parent)) return isWord(text);
  if (name === 'type' && /^[A-Z]/.test(parent)) return isWord(text);
  if (name === 'sampleInfoCSV') return SAMPLES.test(text);
  if (name === 'value' && (parent === 'value' || parent === 'returnval')) return NUMBERS.test(text);
  if (name === 'returnval') return isTime(text);
  return isField(name, text);
}

const isField = (name: string, text: string): boolean =>
  FIELDS.some(([fields, looksRight]) => fields.has(name) && looksRight(text));
