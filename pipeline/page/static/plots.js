import { el, say, set } from './dom.js';
import { clockTime, quantity } from './format.js';
import { color } from './theme.js';
import uPlot from './uplot.js';

/**
 * What a plot shows. Times in milliseconds. `startAt`: values stand for windows that begin there and end at `at`; without
 * it they are of moments. `coverage`: what was not observed of a window is shaded. `marks`: what happened in a window.
 * @typedef {object} Curves
 * @property {readonly number[]} at
 * @property {readonly number[]} [startAt]
 * @property {readonly { readonly label: string, readonly unit: string, readonly values: readonly (number | null)[] }[]} series
 * @property {readonly (number | null)[]} [coverage]
 * @property {readonly { readonly at: number, readonly kind: 'reset' | 'moved' }[]} [marks]
 */

/** @type {Set<Plot>} */
const alive = new Set();

/** Draws every plot anew, in the colours that hold now. */
export function repaint() {
  for (const plot of alive) plot.rebuild();
}

/** More curves than can be told apart are left to the table of values. */
export const MOST_CURVES = 8;

/** A plot with its title, a legend that shows the latest values or those under the pointer, and words for who cannot see it. */
export class Plot {
  /** @type {uPlot | null} */ #plot = null;
  /** @type {Curves} */ #curves = { at: [], series: [] };
  #height;
  #least;
  #nothing;

  /**
   * @param {string} title
   * @param {{ height?: number, least?: number, nothing?: string }} [options] `least`: the axis reaches as far at least;
   *   `nothing`: why there may be nothing to see yet
   */
  constructor(title, { height = 150, least = 0, nothing = 'Nothing yet.' } = {}) {
    this.#nothing = nothing;
    this.#height = height;
    this.#least = least;
    this.title = title;
    this.canvas = el('div.canvas', { role: 'img', 'aria-label': title });
    this.canvas.style.minHeight = `${height}px`;
    this.legend = el('ul.legend');
    this.unit = el('span.unit');
    this.time = el('span.legend-time', { 'aria-hidden': 'true' });
    this.element = el(
      'figure.plot',
      {},
      el('figcaption', {}, el('h3', {}, title), this.unit, this.time),
      this.canvas,
      this.legend,
    );
    this.observer = new ResizeObserver(() => this.#resize());
    this.observer.observe(this.canvas);
    alive.add(this);
  }

  /** @param {Curves} curves */
  show(curves) {
    const isSame =
      this.#plot !== null &&
      curves.series.length === this.#curves.series.length &&
      curves.series.every(({ label }, i) => label === this.#curves.series[i]?.label);
    this.#curves = curves;
    const isEmpty = this.#isEmpty();
    set(this.canvas, { 'data-empty': isEmpty ? this.#nothing : null });
    this.legend.hidden = isEmpty;
    say(this.unit, axisUnit(unitOf(curves)) === '' ? unitOf(curves) : '');
    if (isSame && !isEmpty) this.#plot?.setData(this.#data());
    else this.rebuild();
    this.#tell(null);
    set(this.canvas, { 'aria-label': isEmpty ? `${this.title}. ${this.#nothing}` : this.#words() });
  }

  rebuild() {
    this.#plot?.destroy();
    this.#plot = null;
    const width = this.canvas.clientWidth;
    if (width === 0 || this.#isEmpty()) return;
    this.#plot = new uPlot(this.#options(width), this.#data(), this.canvas);
  }

  /** Moments make no curve before there are two; a window is a level by itself. */
  #isEmpty() {
    return this.#curves.at.length < (this.#curves.startAt ? 1 : 2);
  }

  destroy() {
    this.observer.disconnect();
    this.#plot?.destroy();
    alive.delete(this);
  }

  #resize() {
    const width = this.canvas.clientWidth;
    if (this.#plot === null) this.rebuild();
    else if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: this.#height });
  }

  /** @returns {uPlot.AlignedData} */
  #data() {
    const { at, series } = this.#curves;
    return [at.map((ms) => ms / 1000), ...series.map(({ values }) => [...values])];
  }

  /** @param {number} width @returns {uPlot.Options} */
  #options(width) {
    const { series, startAt } = this.#curves;
    const unit = unitOf(this.#curves);
    const axis = {
      stroke: color('--ink-dim'),
      grid: { stroke: color('--grid'), width: 1 },
      ticks: { show: false },
      font: '11px system-ui, sans-serif',
    };
    const least = this.#least;
    return {
      width,
      height: this.#height,
      legend: { show: false },
      cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
      padding: [10, 20, 0, 0],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      scales: {
        x: { range: (_, min, max) => [this.#firstSecond(min), max] },
        y: { range: (_, min, max) => [Math.min(0, min ?? 0), Math.max(least, (max ?? 0) * 1.08) || 1] },
      },
      axes: [
        {
          ...axis,
          size: 30,
          gap: 9,
          space: 64,
          values: (_, splits, __, ___, step) => splits.map((at) => timeLabel(at, step)),
        },
        {
          ...axis,
          size: 62,
          space: 28,
          incrs: stepsOf(unit),
          values: (_, splits) => splits.map((value) => quantity(value, axisUnit(unit))),
        },
      ],
      series: [
        {},
        ...series.map((_, i) => ({
          stroke: color(`--s${(i % MOST_CURVES) + 1}`),
          width: 1.5,
          points: { show: false },
          ...(startAt ? { paths: (/** @type {uPlot} */ u, /** @type {number} */ si) => this.#steps(u, si) } : {}),
        })),
      ],
      hooks: {
        drawClear: [(u) => this.#shade(u)],
        draw: [(u) => this.#mark(u)],
        setCursor: [({ cursor }) => this.#tell(cursor.idx ?? null)],
      },
    };
  }

  /** @param {number} min the first window's beginning, not its end */
  #firstSecond(min) {
    const first = this.#curves.startAt?.[0];
    return first === undefined ? min : first / 1000;
  }

  /**
   * A value of a window is a level from its beginning to its end; levels of neighbours are joined.
   * @param {uPlot} u
   * @param {number} si
   */
  #steps(u, si) {
    const { at, startAt = [] } = this.#curves;
    const values = this.#curves.series[si - 1]?.values ?? [];
    const stroke = new Path2D();
    let reached = Number.NaN;
    values.forEach((value, i) => {
      if (value === null) return;
      const y = u.valToPos(value, 'y', true);
      const from = u.valToPos((startAt[i] ?? 0) / 1000, 'x', true);
      if (startAt[i] === reached) stroke.lineTo(from, y);
      else stroke.moveTo(from, y);
      stroke.lineTo(u.valToPos((at[i] ?? 0) / 1000, 'x', true), y);
      reached = at[i] ?? Number.NaN;
    });
    return { stroke, fill: null };
  }

  /** @param {uPlot} u */
  #shade(u) {
    const { at, startAt, coverage } = this.#curves;
    if (!coverage || !startAt) return;
    const { ctx, bbox } = u;
    ctx.save();
    ctx.fillStyle = color('--shade');
    coverage.forEach((share, i) => {
      if (share === null || share >= 1) return;
      const left = u.valToPos((startAt[i] ?? 0) / 1000, 'x', true);
      const right = u.valToPos((at[i] ?? 0) / 1000, 'x', true);
      ctx.globalAlpha = 0.25 + 0.6 * (1 - share);
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
    });
    ctx.restore();
  }

  /** @param {uPlot} u */
  #mark(u) {
    const { ctx, bbox } = u;
    const scale = devicePixelRatio || 1;
    for (const { at, kind } of this.#curves.marks ?? []) {
      const x = Math.round(u.valToPos(at / 1000, 'x', true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.save();
      ctx.strokeStyle = color(`--${kind}`);
      ctx.fillStyle = ctx.strokeStyle;
      ctx.lineWidth = scale;
      ctx.setLineDash(kind === 'reset' ? [4 * scale, 3 * scale] : [1.5 * scale, 2.5 * scale]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.setLineDash([]);
      ctx.beginPath();
      if (kind === 'reset') {
        ctx.moveTo(x - 4 * scale, bbox.top - 7 * scale);
        ctx.lineTo(x + 4 * scale, bbox.top - 7 * scale);
        ctx.lineTo(x, bbox.top);
      } else ctx.rect(x - 3 * scale, bbox.top - 7 * scale, 6 * scale, 6 * scale);
      ctx.fill();
      ctx.restore();
    }
  }

  /** @param {number | null} index the values under the pointer; null: the latest */
  #tell(index) {
    const { at, series } = this.#curves;
    const i = index ?? at.length - 1;
    say(this.time, index === null || at[i] === undefined ? '' : `${clockTime(at[i])} UTC`);
    while (this.legend.children.length > series.length) this.legend.lastElementChild?.remove();
    series.forEach(({ label, unit, values }, n) => {
      const entry = this.legend.children[n] ?? this.legend.appendChild(legendEntry(n));
      const [, name, value] = entry.children;
      const known = values[i];
      if (name) say(name, label);
      if (value) say(value, known === null || known === undefined ? '–' : quantity(known, unit));
    });
  }

  /** The plot in words. */
  #words() {
    const { at, series } = this.#curves;
    const curves = series.map(({ label, unit, values }) => {
      const known = values.filter((value) => value !== null);
      if (known.length === 0) return `${label}: nothing known`;
      const [low, high] = [Math.min(...known), Math.max(...known)];
      return `${label}: latest ${quantity(known.at(-1) ?? 0, unit)}, from ${quantity(low, unit)} to ${quantity(high, unit)}`;
    });
    return `${this.title}, plot from ${clockTime(at[0])} to ${clockTime(at.at(-1))} UTC. ${curves.join('. ')}`;
  }
}

/** @param {Curves} curves */
const unitOf = ({ series }) => series[0]?.unit ?? '';

/** @param {number} seconds @param {number} step between two labels */
const timeLabel = (seconds, step) => clockTime(seconds * 1000).slice(0, step < 60 ? 8 : 5);

/** @param {string} unit what stands at the axis: other units than these stand beside the title */
const axisUnit = (unit) => (['%', 'B', 'B/s', 'MiB', 'MiB/s', 'GiB', 'ns'].includes(unit) ? unit : '');

/** @param {string} unit steps of the axis: bytes in powers of two, others in 1, 2 and 5 times a power of ten */
function stepsOf(unit) {
  if (/B/.test(unit)) return Array.from({ length: 90 }, (_, n) => 2 ** (n - 30));
  return Array.from({ length: 57 }, (_, n) => ([1, 2, 5][n % 3] ?? 1) * 10 ** (Math.floor(n / 3) - 2));
}

/** @param {number} n */
const legendEntry = (n) =>
  el(
    'li',
    {},
    el(`span.swatch.w${(n % MOST_CURVES) + 1}`, { 'aria-hidden': 'true' }),
    el('span'),
    el('span.legend-value'),
  );
