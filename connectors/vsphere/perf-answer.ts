import type { AnswerReader } from './answers.ts';
import { parseInstant } from './instant.ts';
import { XmlError } from './xml-stream.ts';

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
 * more of them than `most` are refused: an answer without end costs no more than what was asked for.
 *
 *   normal  returnval(entity, sampleInfo(timestamp, interval) …, value(id(counterId, instance), value …) …)
 *   csv     returnval(entity, sampleInfoCSV "20,2026-01-01T00:00:20Z,20,…", value(id(…), value "1,2,…") …)
 */
export function readPerf(onEntity: (entity: EntitySamples) => void, most: number): AnswerReader<number> {
  let entities = 0;
  const times = new Times();
  let now = new Growing(times);
  return {
    handler: {
      open: (name, depth) => {
        if (name === 'returnval') now = new Growing(times);
        else if (name === 'value' && depth === VALUE_DEPTH) now.openSeries();
        else if (name === 'sampleInfo') now.openSample();
      },
      close: (name, depth, text) => {
        if (name !== 'returnval') return now.take(name, depth, text);
        if (++entities > most) throw new XmlError(`samples of more than the ${most} objects that were asked for`);
        onEntity(now.finish());
      },
    },
    finish: () => entities,
  };
}

/** Envelope, Body, QueryPerfResponse, returnval, then the series; single values of the normal form are one deeper. */
const VALUE_DEPTH = 5;

interface GrowingSeries extends Series {
  counterId: number;
  instance: string;
  values: string;
}

class Growing {
  readonly #times: Times;
  #entity = '';
  #samples: readonly SampleTime[] | null = null;
  readonly #single: { at: number | null; interval: number | null }[] = [];
  readonly #series: GrowingSeries[] = [];
  #last: GrowingSeries | undefined;

  constructor(times: Times) {
    this.#times = times;
  }

  openSample(): void {
    this.#single.push({ at: null, interval: null });
  }

  openSeries(): void {
    this.#last = { counterId: Number.NaN, instance: '', values: '' };
    this.#series.push(this.#last);
  }

  take(name: string, depth: number, text: string): void {
    const series = this.#last;
    switch (name) {
      case 'value':
        if (series && depth > VALUE_DEPTH) series.values += series.values === '' ? text : `,${text}`;
        break;
      case 'counterId':
        if (series) series.counterId = Number(text);
        break;
      case 'instance':
        if (series) series.instance = text;
        break;
      case 'entity':
        this.#entity = text;
        break;
      case 'sampleInfoCSV':
        this.#samples = this.#times.ofCsv(text);
        break;
      case 'timestamp':
      case 'interval':
        this.#takeSingle(name, text);
    }
  }

  #takeSingle(name: 'timestamp' | 'interval', text: string): void {
    const sample = this.#single.at(-1);
    if (sample === undefined) return;
    if (name === 'timestamp') sample.at = this.#times.of(text);
    else sample.interval = intervalOf(text);
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
