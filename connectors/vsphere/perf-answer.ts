import { XmlError } from '../xml-stream.ts';
import type { AnswerReader } from './answers.ts';
import { parseInstant } from './instant.ts';

/** One counter of one entity, or of one of its devices: a value for each sample, as text. */
export interface Series {
  readonly counterId: number;
  /** '' for the whole entity. */
  readonly instance: string;
  readonly values: readonly string[];
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
 * The answer to QueryPerf in either form, whatever was asked for; entities go to `onEntity` as they are complete.
 *
 *   normal  returnval(entity, sampleInfo(timestamp, interval) …, value(id(counterId, instance), value …) …)
 *   csv     returnval(entity, sampleInfoCSV "20,2026-01-01T00:00:20Z,20,…", value(id(…), value "1,2,…") …)
 */
export function readPerf(onEntity: (entity: EntitySamples) => void): AnswerReader<number> {
  let entities = 0;
  let now = new Growing();
  return {
    handler: {
      open: (name, depth) => {
        if (name === 'returnval') now = new Growing();
        else if (name === 'value' && depth === VALUE_DEPTH) now.openSeries();
        else if (name === 'sampleInfo') now.openSample();
      },
      close: (name, depth, text) => {
        if (name !== 'returnval') return now.take(name, depth, text);
        entities++;
        onEntity(now.finish());
      },
    },
    finish: () => entities,
  };
}

/** Envelope, Body, QueryPerfResponse, returnval, then the series; single values of the normal form are one deeper. */
const VALUE_DEPTH = 5;

class Growing {
  #entity = '';
  #samples: { at: number | null; interval: number | null }[] = [];
  #series: { counterId: number; instance: string; values: string[] }[] = [];

  openSample(): void {
    this.#samples.push({ at: null, interval: null });
  }

  openSeries(): void {
    this.#series.push({ counterId: Number.NaN, instance: '', values: [] });
  }

  take(name: string, depth: number, text: string): void {
    const sample = this.#samples.at(-1);
    const series = this.#series.at(-1);
    if (name === 'value' && depth > VALUE_DEPTH) addValues(series?.values, text);
    else if (name === 'entity') this.#entity = text;
    else if (name === 'counterId' && series) series.counterId = Number(text);
    else if (name === 'instance' && series) series.instance = text;
    else if (name === 'timestamp' && sample) sample.at = parseInstant(text);
    else if (name === 'interval' && sample) sample.interval = intervalOf(text);
    else if (name === 'sampleInfoCSV') this.#samples = samplesOf(text);
  }

  finish(): EntitySamples {
    if (this.#entity === '') throw new XmlError('samples of no entity');
    return { entity: this.#entity, samples: this.#samples, series: this.#series };
  }
}

/** A single value, or all of them with commas between. */
function addValues(values: string[] | undefined, text: string): void {
  if (values === undefined || text === '') return;
  if (!text.includes(',')) values.push(text);
  else for (const value of text.split(',')) values.push(value);
}

function samplesOf(csv: string): { at: number | null; interval: number | null }[] {
  if (csv === '') return [];
  const parts = csv.split(',');
  return Array.from({ length: Math.ceil(parts.length / 2) }, (_, n) => ({
    interval: intervalOf(parts[2 * n] ?? ''),
    at: parseInstant(parts[2 * n + 1] ?? ''),
  }));
}

const SECOND_US = 1_000_000;
/** More than the longest rollup, a day. */
const MOST_SECONDS = 100_000;

function intervalOf(text: string): number | null {
  const seconds = Number(text);
  return text.trim() !== '' && Number.isInteger(seconds) && seconds > 0 && seconds <= MOST_SECONDS
    ? seconds * SECOND_US
    : null;
}
