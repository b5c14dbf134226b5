import type { Path, TextRules } from './json-body.ts';
import type { Product } from './product.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { rewriteLegendEntry } from './rrd-legend.ts';
import { isDevice, isMethod, isNumber, isTime, isVersion, isWord } from './shapes.ts';

export interface XapiOptions {
  readonly texts: Pseudonyms;
  readonly product: Product;
  /** The answer to a login: what it results in is the session. */
  readonly isLogin: boolean;
}

const words = (names: string): ReadonlySet<string> => new Set(names.split(/\s+/));

/** Keys of what carries a call, an answer, events or statistics. */
const CARRIER = words(
  `jsonrpc id method params result error code message data Status Value ErrorDescription events token class operation ref
  snapshot timestamp valid_ref_counts meta start step end rows columns legend t values`,
);
/** Keys of the maps in records that hypermeter reads, or that say what the server is. */
const MAP_KEYS = words(
  `nova_uuid boot_time cpu_count socket_count distro name major minor micro build uname
  product_brand product_version product_version_text platform_name platform_version build_number xapi xapi_build xen linux
  dbv date hostname network_backend`,
);
/** Fields of records whose texts are numbers. */
const NUMBERS = words(
  `domid MTU VCPUs_max VCPUs_at_startup VCPUs_number memory_static_max memory_static_min memory_dynamic_max memory_dynamic_min
  memory_target memory_overhead memory_actual memory_total memory_free virtual_size physical_utilisation
  API_version_major API_version_minor user_version order start_delay shutdown_delay version hardware_platform_version
  cpu_count socket_count boot_time`,
);
const TIMES = words('start_time install_time last_updated snapshot_time timestamp');
const WORDS = words(
  'class operation power_state type mode Status locking_mode on_boot actions_after_reboot actions_after_shutdown',
);
const DEVICES = words('device userdevice');
/** Names of numbers of statistics. */
const STATISTICS = words('start step end rows columns t values');
/** XenAPI's codes of refusals: what they are about follows them. */
const CODE = /^[A-Z]{2,20}(?:_[A-Z0-9]{1,20}){1,6}$/;
const CODES = new Set(['MESSAGE_METHOD_UNKNOWN', 'MESSAGE_PARAMETER_COUNT_MISMATCH', 'RBAC_PERMISSION_DENIED']);
const CODE_HEADS = /^(?:SESSION|HOST|EVENTS?|EVENT_FROM|USER|HANDLE|INTERNAL|PERMISSION|UUID|LICENSE)_/;
/** `00000000000000000012,00000000000000000015` */
const TOKEN = /^[\d,]{1,60}$/;

/**
 * What becomes of the texts in XenAPI's calls and answers, by where they stand; the same for both of its wires. A text is
 * kept where its field is known to hold a number, a time or a word of the API, and it looks like one. Fields of records are
 * the API's, keys of maps within them are not.
 */
export class XapiRules implements TextRules {
  readonly #options: XapiOptions;

  constructor(options: XapiOptions) {
    this.#options = options;
  }

  key(path: Path, name: string): string {
    const { texts } = this.#options;
    if (name.startsWith('OpaqueRef:')) return texts.text(name);
    if (isRecord(path) || path.at(-1) === 'valid_ref_counts') return isWord(name) ? name : texts.text(name);
    if (fieldOf(path) !== undefined) return MAP_KEYS.has(name) ? name : texts.text(name);
    return CARRIER.has(name) ? name : texts.text(name);
  }

  string(path: Path, text: string): string {
    const { texts } = this.#options;
    if (text === '') return text;
    if (path[0] === 'params') return this.#parameter(path, text);
    const field = fieldOf(path);
    if (field !== undefined) return this.#field(field, path, text);
    const name = nameOf(path);
    if (isResult(path) && this.#options.isLogin) {
      texts.addSecret(text);
      return texts.remove();
    }
    if (name === 'method') return isMethod(text) ? text : texts.text(text);
    if (name === 'legend') return rewriteLegendEntry(text, texts);
    if (STATISTICS.has(name)) return isNumber(text) ? text : texts.text(text);
    if (name === 'token') return TOKEN.test(text) ? text : texts.text(text);
    if (path[0] === 'error' || name === 'ErrorDescription') return isCode(path, text) ? text : texts.text(text);
    return isApis(name, text) || ((name === 'jsonrpc' || name === 'id') && isNumber(text)) ? text : texts.text(text);
  }

  /** The first parameter of a call is the session. */
  #parameter(path: Path, text: string): string {
    const { texts } = this.#options;
    if (path[1] === 0) {
      texts.addSecret(text);
      return texts.remove();
    }
    if (path.length === 3 && path[1] === 1) return isWord(text) ? text : texts.text(text);
    return TOKEN.test(text) ? text : texts.text(text);
  }

  #field(field: string, path: Path, text: string): string {
    const { texts, product } = this.#options;
    const name = nameOf(path);
    const isInMap = name !== field;
    if (name === 'name_label' || name === 'hostname') return texts.name(text);
    // Whoever made the VM has chosen the key.
    if (isInMap && !MAP_KEYS.has(name)) return texts.text(text);
    if (isInMap && field === 'software_version' && isVersion(text)) {
      product.tell(name, text);
      return text;
    }
    return isApis(name, text) ? text : texts.text(text);
  }
}

const isApis = (name: string, text: string): boolean =>
  (NUMBERS.has(name) && isNumber(text)) ||
  (TIMES.has(name) && isTime(text)) ||
  (WORDS.has(name) && isWord(text)) ||
  (DEVICES.has(name) && isDevice(text));

const isCode = (path: Path, text: string): boolean =>
  (path.at(-1) === 'message' || path.at(-1) === 0) && CODE.test(text) && (CODES.has(text) || CODE_HEADS.test(text));

/** The innermost key: of the entries of a list, the list's. */
function nameOf(path: Path): string {
  for (let n = path.length - 1; n >= 0; n--) {
    const part = path[n];
    if (typeof part === 'string') return part;
  }
  return '';
}

const isResult = (path: Path): boolean => {
  const last = path.at(-1);
  return path.length <= 2 && (last === 'result' || last === 'Value');
};

/** A record: the snapshot of an event, or what `get_all_records` has under a reference. */
const isRecord = (path: Path): boolean => recordEnd(path) === path.length && path.length > 0;

/** The field of a record that a path leads into; undefined: it does not. */
function fieldOf(path: Path): string | undefined {
  const end = recordEnd(path);
  const field = path[end];
  return end > 0 && typeof field === 'string' ? field : undefined;
}

/** How many parts of the path lead to a record; 0: it is in none. */
function recordEnd(path: Path): number {
  const end = path.findIndex(
    (part) => part === 'snapshot' || (typeof part === 'string' && part.startsWith('OpaqueRef:')),
  );
  return end + 1;
}
