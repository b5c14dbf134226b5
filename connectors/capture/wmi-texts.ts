import { diskKey, GUID_OR_MARK, guidOf } from '../wmi-names.ts';
import type { ObservationTexts } from './observation.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { isDevice, isUuid } from './shapes.ts';

/** A file that holds a disk, by its ending; in a performance row's name and in an epoch as well. */
const DISK = /\.(?:a?vhdx?|vhds|vhdpmem)$/i;
/** A processor of the host. */
const PROCESSOR = /^Hv LP \d{1,5}$/;
const ORDINAL = /^(.+)(#\d{1,5})$/s;
const VCPU = /^(.+)(:Hv VP \d{1,5})$/s;
const MARKS = new RegExp(`(${GUID_OR_MARK.source})`, 'gi');
/** `<endpoint>/<GUID>/<process or time>/<disk>` */
const DISK_EPOCH = /^(.*\/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\/[^/]+)\/(.+)$/s;
/** `<endpoint>/host`, of the host itself. */
const HOST = '/host';
/** Controller and place: `83F8638B-…\0\1\L` */
const PLACE = /^([0-9a-f-]{36})((?:\\(?:\d{1,5}|[A-Z]))*)$/i;

/**
 * Replaces texts of Hyper-V's WMI, where names are put together of others: a row of performance counters has the name of
 * a VM, the GUID of an adapter or the path of a disk in it, which must still be found there. Every name is taken apart
 * in the same way, whatever it is of, so that a VM which is called like a row is so afterwards.
 */
export class WmiTexts implements ObservationTexts {
  readonly #texts: Pseudonyms;

  constructor(texts: Pseudonyms) {
    this.#texts = texts;
  }

  text(raw: string): string {
    return /[\\/]/.test(raw) ? this.path(raw) : this.#texts.text(raw);
  }

  /** A name: a VM's, the host's, or a row's. */
  name(raw: string): string {
    if (raw === '_Total' || PROCESSOR.test(raw)) return raw;
    for (const form of [ORDINAL, VCPU]) {
      const [, name, rest] = form.exec(raw) ?? [];
      if (name !== undefined && rest !== undefined) return this.name(name) + rest;
    }
    if (DISK.test(raw)) return this.#disk(raw);
    const parts = raw.split(MARKS);
    if (parts.length === 1) return this.#texts.name(raw);
    return parts.map((part, n) => (n % 2 === 1 ? this.#mark(part) : this.#between(part, n === 0))).join('');
  }

  /** What stands for a disk: a file's path, as a rule. */
  path(raw: string): string {
    return `C:\\${this.#file(raw)}`;
  }

  device(raw: string): string {
    const [, controller, place] = PLACE.exec(raw) ?? [];
    if (controller === undefined || place === undefined || isDevice(raw)) return this.#texts.device(raw);
    return this.#texts.text(controller) + place;
  }

  epoch(raw: string): string {
    if (raw.endsWith(HOST)) return this.#texts.epoch(raw.slice(0, 1 - HOST.length)) + HOST.slice(1);
    const [, life, disk] = DISK_EPOCH.exec(raw) ?? [];
    if (life === undefined || disk === undefined) return this.#texts.epoch(raw);
    return `${this.#texts.epoch(life)}/${this.#disk(disk)}`;
  }

  /** A line of notes, of which the first may be nova's uuid. */
  line(raw: string): string {
    const guid = guidOf(raw);
    return guid === null ? this.#texts.text(raw) : this.#texts.text(guid);
  }

  /** `00155D0A0B0C` */
  mac(raw: string): string {
    if (!/^[0-9a-f]{12}$/i.test(raw)) return this.#texts.text(raw);
    if (/^0+$/.test(raw)) return raw;
    return this.#texts
      .text(raw.replace(/..(?!$)/g, '$&:'))
      .replaceAll(':', '')
      .toUpperCase();
  }

  #disk(raw: string): string {
    return diskKey(`C:\\${this.#file(raw)}`);
  }

  /** The same for every writing of a path. */
  #file(raw: string): string {
    return this.#texts.text(diskKey(raw));
  }

  #mark(part: string): string {
    return isUuid(part) ? this.#texts.text(part) : part;
  }

  /** What stands between marks: dashes and the like, which belong to the form, and words. */
  #between(part: string, isFirst: boolean): string {
    const [, before = '', rest = ''] = (isFirst ? /^()(.*)$/s : /^([-_\\\s{}]*)(.*)$/s).exec(part) ?? [];
    const [, words = '', after = ''] = /^(.*?)([-_\\\s{}]*)$/s.exec(rest) ?? [];
    return before + (words === '' ? '' : this.#texts.name(words)) + after;
  }
}
