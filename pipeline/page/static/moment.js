import { el, say } from './dom.js';
import { age, dateTime, NONE } from './format.js';

/**
 * A moment as its age, with the moment itself as tooltip. `tellAges` keeps it going.
 * @param {number | null} at milliseconds @param {number} now
 */
export const ago = (at, now) =>
  at === null
    ? el('span', {}, NONE)
    : el('time', { datetime: new Date(at).toISOString(), title: `${dateTime(at)} UTC`, 'data-at': at }, words(at, now));

/**
 * Tells the ages of an element as they are now.
 * @param {Element} element
 * @param {number} now
 */
export function tellAges(element, now) {
  for (const moment of element.querySelectorAll('time[data-at]'))
    say(moment, words(Number(moment.getAttribute('data-at')), now));
}

/** @param {number} at @param {number} now */
const words = (at, now) => `${age(at, now)} ago`;
