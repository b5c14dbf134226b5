import { XmlError } from '../xml-stream.ts';
import type { AnswerReader } from './answers.ts';
import { parseInstant } from './instant.ts';

/** One counter of one entity, or of one of its devices. */
export interface Series {
  readonly counterId: number;
  /** '' for the whole entity. */
  readonly instance: string;
  /** A value for each sample with commas between, read when somebody wants them; '': none. */
  readonly values: string;
}

/** When a sample was taken and what span it is of, microseconds; null: not to be read. */
export interface SampleTime {
  readonly at: number | null;
  readonly interval: number | null;
}

/** What QueryPerf says of one entity. Samples come in no particular order; a series may be shorter than they are. */
export interface EntitySamples {
  readonly entity: string;
  readonly samples: readonly SampleTime[];
  readonly series: readonly Series[];
}

/**
 * The answer to QueryPerf in either form, whatever was asked for; entities go to `onEntity` as they are complete, and
 * more of them than `most` are refused: an answer without end costs no more than what was asked for. Series of an
 * entity's instances that `skips` names are not kept: most of a VM's are of its host's nics.
 *
 *   normal  returnval(entity, sampleInfo(timestamp, interval) …, value(id(counterId, instance), value …) …)
 *   csv     returnval(entity, sampleInfoCSV "20,2026-01-01T00:00:20Z,20,…", value(id(…), value "1,2,…") …)
 */
export function readPerf(
  onEntity: (entity: EntitySamples) => void,
  most: number,
  skips: (entity: string, instance: string) => boolean,
): AnswerReader<number> {
  let entities = 0;
  const times = new Times();
  let now = new Growing(times, skips);
  return {
    handler: {
      // By depth first: comparing names costs more than all else here.
      open: (name, depth) => {
        if (depth === ENTITY_DEPTH) now = new Growing(times, skips);
        else if (depth === PART_DEPTH) now.open(name);
      },
      close: (name, depth, text) => {
        if (depth > PART_DEPTH + 1) now.takeId(name, text);
        else if (depth === PART_DEPTH + 1) now.takeOfPart(name, text);
        else if (depth === PART_DEPTH) now.takePart(name, text);
        else if (name === 'returnval') {
          if (++entities > most) throw new XmlError(`samples of more than the ${most} objects that were asked for`);
          onEntity(now.finish());
        }
      },
    },
    finish: () => entities,
  };
}

/** Envelope, Body, QueryPerfResponse, returnval; then its parts, and what is in them. */
const ENTITY_DEPTH = 4;
const PART_DEPTH = ENTITY_DEPTH + 1;

class Growing {
  readonly #times: Times;
  readonly #skips: (entity: string, instance: string) => boolean;
  #entity = '';
  #samples: readonly SampleTime[] | null = null;
  readonly #single: { at: number | null; interval: number | null }[] = [];
  readonly #series: Series[] = [];
  /** Of the series that is open. */
  #counterId = Number.NaN;
  #instance = '';
  /** One text in the csv form, many in the other. */
  readonly #values: string[] = [];

  constructor(times: Times, skips: (entity: string, instance: string) => boolean) {
    this.#times = times;
    this.#skips = skips;
  }

  open(part: string): void {
    if (part === 'value') {
      this.#counterId = Number.NaN;
      this.#instance = '';
      this.#values.length = 0;
    } else if (part === 'sampleInfo') this.#single.push({ at: null, interval: null });
  }

  /** counterId or instance, in the id of a series. */
  takeId(name: string, text: string): void {
    if (name === 'counterId') this.#counterId = Number(text);
    else if (name === 'instance') this.#instance = text;
  }

  /** The values of a series, or the time of a sample in the longer form. */
  takeOfPart(name: string, text: string): void {
    if (name === 'value') this.#values.push(text);
    else if (name !== 'id') this.#takeSingle(name, text);
  }

  #takeSingle(name: string, text: string): void {
    const sample = this.#single.at(-1);
    if (sample === undefined) return;
    if (name === 'timestamp') sample.at = this.#times.of(text);
    else if (name === 'interval') sample.interval = intervalOf(text);
  }

  takePart(name: string, text: string): void {
    if (name === 'value') this.#closeSeries();
    else if (name === 'entity') this.#entity = text;
    else if (name === 'sampleInfoCSV') this.#samples = this.#times.ofCsv(text);
  }

  #closeSeries(): void {
    const instance = this.#instance;
    if (instance !== '' && this.#skips(this.#entity, instance)) return;
    const [first = ''] = this.#values;
    const values = this.#values.length > 1 ? this.#values.join(',') : first;
    this.#series.push({ counterId: this.#counterId, instance, values });
  }

  finish(): EntitySamples {
    if (this.#entity === '') throw new XmlError('samples of no entity');
    return { entity: this.#entity, samples: this.#samples ?? this.#single, series: this.#series };
  }
}

/** Reads the times of samples; those of entities of one host are the same, and each is read once. */
class Times {
  readonly #known = new Map<string, number | null>();
  #csv = '';
  #samples: readonly SampleTime[] = [];

  of(text: string): number | null {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const at = parseInstant(text);
    if (this.#known.size < MOST_TIMES) this.#known.set(text, at);
    return at;
  }

  ofCsv(csv: string): readonly SampleTime[] {
    if (csv === this.#csv) return this.#samples;
    this.#csv = csv;
    const parts = csv.split(',');
    this.#samples = Array.from({ length: Math.ceil(parts.length / 2) }, (_, n) => ({
      interval: intervalOf(parts[2 * n] ?? ''),
      at: this.of(parts[2 * n + 1] ?? ''),
    }));
    return this.#samples;
  }
}

/** An hour's, of hosts whose clocks differ. */
const MOST_TIMES = 10_000;

const SECOND_US = 1_000_000;
/** More than the longest rollup, a day. */
const MOST_SECONDS = 100_000;

function intervalOf(text: string): number | null {
  const seconds = Number(text);
  return text.trim() !== '' && Number.isInteger(seconds) && seconds > 0 && seconds <= MOST_SECONDS
    ? seconds * SECOND_US
    : null;
}
