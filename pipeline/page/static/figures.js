import { el, say } from './dom.js';
import { age, clockTime, count, counted, NONE, sum } from './format.js';

/** @import { Overview, PipelineStatus } from '../model.ts' */

/**
 * A figure: `value` with its unit, `note` says what it is of, `tone` colours what the note says too.
 * @typedef {{ name: string, value: string, unit?: string, note?: string, tone?: string }} Figure
 */

/** Figures with their names, in a row that wraps. */
export function tileRow() {
  const element = el('dl.tiles');
  /** @type {Map<string, HTMLElement[]>} */
  const known = new Map();
  /** @param {readonly Figure[]} figures */
  const show = (figures) => {
    for (const { name, value, unit = '', note = '', tone = '' } of figures) {
      let parts = known.get(name);
      if (parts === undefined) {
        parts = [el('div.tile'), el('span'), el('span.unit'), el('dd.note')];
        const [tile, figure, small, words] = /** @type {[HTMLElement, HTMLElement, HTMLElement, HTMLElement]} */ (
          parts
        );
        tile.append(el('dt', {}, name), el('dd.figure', {}, figure, ' ', small), words);
        element.append(tile);
        known.set(name, parts);
      }
      const [tile, figure, small, words] = parts;
      if (tile) tile.className = `tile ${tone}`;
      if (figure) say(figure, value);
      if (small) say(small, value === NONE ? '' : unit);
      if (words) say(words, note);
    }
  };
  return { element, show };
}

/** @param {Overview['kafka']} kafka @param {number} now @returns {Figure} */
export const kafkaFigure = (kafka, now) => ({
  name: 'Kafka',
  value: kafka?.isNow ? 'in trouble' : 'no trouble',
  note: kafka === null ? 'since the start' : `the last was ${age(kafka.at, now)} ago`,
  tone: kafka?.isNow ? 'bad' : 'good',
});

/** @param {PipelineStatus['partitions']} partitions @returns {Figure} */
export const lagFigure = (partitions) => ({
  name: 'Lag',
  value: count(sum(partitions.map(({ lag }) => lag))),
  unit: 'messages',
  note: 'of the raw topic, not yet read',
});

/** @param {PipelineStatus['partitions']} partitions @param {number} now @returns {Figure} */
export function watermarkFigure(partitions, now) {
  const marks = partitions.flatMap(({ watermarkAt }) => (watermarkAt === null ? [] : [watermarkAt]));
  const behind = partitions.filter(({ isBehind }) => isBehind).length;
  const slowest = marks.length === 0 ? null : Math.min(...marks);
  return {
    name: 'Watermark',
    value: age(slowest, now),
    note:
      slowest === null
        ? 'no reading yet'
        : `behind now, at ${clockTime(slowest)} UTC${behind > 0 ? `; ${counted(behind, 'partition')} too far` : ''}`,
    tone: behind > 0 ? 'odd' : '',
  };
}

/** @param {string | null} residual @returns {Figure} */
export const residualFigure = (residual) => ({
  name: 'Conservation residual',
  value: residual ?? NONE,
  note: residual === null ? 'balanced once a minute' : residual === '0' ? 'as it must be' : 'must be 0',
  tone: residual === null ? '' : residual === '0' ? 'good' : 'bad',
});
