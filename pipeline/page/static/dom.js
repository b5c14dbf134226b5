/**
 * Makes an element. Text goes in as text alone, whatever it holds: names come from hypervisors and from whoever has a VM.
 * @param {string} tag a name, with a class behind a dot: `div.card`
 * @param {Record<string, string | number | boolean | null | undefined>} [attributes] null, undefined and false leave one out
 * @param {...(Node | string | null)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const [name = 'div', ...classes] = tag.split('.');
  const element = document.createElement(name);
  if (classes.length > 0) element.className = classes.join(' ');
  set(element, attributes);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/**
 * Sets attributes where they are other than they were; null, undefined and false take one away.
 * @param {Element} element
 * @param {Record<string, string | number | boolean | null | undefined>} attributes
 */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value))
      element.setAttribute(name, value === true ? '' : String(value));
  }
}

/**
 * Sets the text of an element if it is another: what stays is not read again by a screen reader, nor laid out anew.
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * An element of the page that has to be there.
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/**
 * A heading and what is under it.
 * @param {string} title
 * @param {...(Node | string | null)} children
 */
export const section = (title, ...children) => el('section.panel', {}, el('h2', {}, title), ...children);

/**
 * A table for a few rows, made anew as a whole.
 * @param {string} caption read out, not shown
 * @param {readonly string[]} titles; one that begins with `#` is of numbers; behind a comma is a unit
 * @param {readonly (readonly (Node | string)[])[]} rows
 */
export function smallTable(caption, titles, rows) {
  const numeric = titles.map((title) => title.startsWith('#'));
  const cell = (/** @type {Node | string} */ content, /** @type {number} */ i) =>
    el(numeric[i] ? 'td.num' : 'td', {}, content);
  return el(
    'div.scroll',
    { tabindex: 0, role: 'region', 'aria-label': caption },
    el(
      'table.small',
      {},
      el('caption.hidden', {}, caption),
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          ...titles.map((title, i) => {
            const [name = '', unit] = title.replace('#', '').split(', ');
            return el(
              numeric[i] ? 'th.num' : 'th',
              { scope: 'col' },
              name,
              unit === undefined ? null : el('span.unit', {}, ` ${unit}`),
            );
          }),
        ),
      ),
      el('tbody', {}, ...rows.map((row) => el('tr', {}, ...row.map(cell)))),
    ),
  );
}
