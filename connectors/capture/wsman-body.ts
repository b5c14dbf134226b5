import type { Pseudonyms } from './pseudonyms.ts';
import { isBoolean, isTime, isUuid, isWhole, isWord } from './shapes.ts';
import { WmiTexts } from './wmi-texts.ts';
import { type OpenElement, rewriteXml, type XmlRules } from './xml-body.ts';

/**
 * Rewrites one request or answer of WS-Management: enumerations of WMI, and faults. A text is kept where its element is
 * known to hold a number, a time or a word of the protocol, and it looks like one; every other is replaced. Throws
 * MalformedBody.
 */
export const rewriteWsman = (document: string, { texts }: { readonly texts: Pseudonyms }): string =>
  rewriteXml(document, new WsmanRules(texts));

const words = (names: string): ReadonlySet<string> => new Set(names.split(/\s+/));

/** What each element holds, by its name; what is not listed is a text. */
const KEPT: readonly (readonly [ReadonlySet<string>, (text: string) => boolean])[] = [
  [
    words(
      `PercentTotalRunTime BytesReceivedPersec BytesSentPersec PacketsReceivedPersec PacketsSentPersec
      DroppedPacketsIncomingPersec DroppedPacketsOutgoingPersec ReadBytesPersec WriteBytesPersec ReadOperationsPerSec
      WriteOperationsPerSec PhysicalMemory GuestVisiblePhysicalMemory GuestAvailableMemory PhysicalPagesAllocated
      PercentIdleTime TotalVisibleMemorySize FreePhysicalMemory Timestamp_Sys100NS Timestamp_PerfTime Frequency_PerfTime EnabledState OnTimeInMilliseconds ProcessID VirtualQuantity
      MaxElements MaxEnvelopeSize StatusCode error_Code`,
    ),
    (text) => isWhole(text.trim()),
  ],
  [words('TimeOfLastStateChange Datetime'), isTime],
  [words('Value'), isWord],
  [
    words('Action Address To'),
    (text) => /^http:\/\/schemas\.(?:xmlsoap\.org\/ws|dmtf\.org\/wbem)\/[\w./-]{1,120}$/.test(text),
  ],
  [
    words('ResourceURI'),
    (text) =>
      /^http:\/\/schemas\.microsoft\.com\/wbem\/wsman\/1\/wmi\/root\/(?:cimv2|virtualization\/v2)\/\*$/.test(text),
  ],
  [words('OperationTimeout'), (text) => /^PT[\d.HMS]{1,20}$/.test(text)],
  [words('Filter'), (text) => /^select [\w,]{1,500} from (?:Win32|Msvm)_\w{1,90}$/.test(text)],
  [
    words('VirtualSystemType ResourceSubType'),
    (text) => /^Microsoft:Hyper-V:[A-Za-z][A-Za-z /-]{0,40}(?::[A-Za-z]{1,20})?$/.test(text),
  ],
];

const NAMES = words('Name ElementName CSName');
const WQL = 'http://schemas.microsoft.com/wbem/wsman/1/WQL';

class WsmanRules implements XmlRules {
  readonly #plain: Pseudonyms;
  readonly #texts: WmiTexts;

  constructor(texts: Pseudonyms) {
    this.#plain = texts;
    this.#texts = new WmiTexts(texts);
  }

  attribute(value: string, name: string): string {
    if (name === 'Dialect' && value === WQL) return value;
    if (name === 'lang' && /^[a-z]{2}(?:-[A-Z]{2})?$/.test(value)) return value;
    if (name === 'Code' && isWhole(value)) return value;
    if ((name === 'mustUnderstand' || name === 'nil') && isBoolean(value)) return value;
    return this.#texts.name(value);
  }

  text(stack: readonly OpenElement[], text: string): string {
    const name = stack.at(-1)?.name ?? '';
    if (KEPT.some(([elements, looksRight]) => elements.has(name) && looksRight(text))) return text;
    if (NAMES.has(name)) return this.#texts.name(text);
    if (stack.some((element) => element.name === 'Fault')) return this.#said(text);
    switch (name) {
      case 'Address':
        return this.#texts.mac(text);
      case 'HostResource':
        return this.#texts.path(text);
      case 'InstanceID':
        return this.#instance(text);
      case 'Notes':
        return text
          .split('\n')
          .map((line) => this.#texts.line(line))
          .join('\n');
      case 'MessageID':
      case 'RelatesTo':
      case 'SessionId':
      case 'EnumerationContext':
        return this.#id(text);
      default:
        return this.#plain.text(text);
    }
  }

  /** `Microsoft:<VM's GUID>\<device>` */
  #instance(text: string): string {
    const [, vm = '', device] = /^Microsoft:([0-9a-f-]{36})(?:\\(.+))?$/is.exec(text) ?? [];
    if (!isUuid(vm)) return this.#plain.text(text);
    return `Microsoft:${this.#plain.text(vm)}${device === undefined ? '' : `\\${this.#texts.device(device)}`}`;
  }

  #id(text: string): string {
    const [, uuid = ''] = /^uuid:(.+)$/is.exec(text) ?? [];
    return isUuid(uuid) ? `uuid:${this.#plain.text(uuid)}` : this.#plain.text(text);
  }

  /** The words of a fault name what is asked, and its numbers say what is wrong. */
  #said(text: string): string {
    const codes = text.match(/\b0x80[0-9a-f]{6}\b/gi) ?? [];
    return [this.#plain.text(text), ...codes].join(' ');
  }
}
