import { el, say } from './dom.js';

/** @import { Known } from './connection.js' */

/** The effective configuration, defaults filled in, secrets as stars. */
export function configView() {
  const text = el('pre.config', { tabindex: 0, role: 'region', 'aria-label': 'Effective configuration' }, '…');
  const failed = (/** @type {unknown} */ error) => {
    text.textContent = `The configuration could not be read: ${error instanceof Error ? error.message : error}`;
  };
  fetch('/page/config').then(async (response) => {
    text.textContent = await response.text();
  }, failed);
  const hint = el('p.hint');
  return {
    title: 'Configuration',
    element: el('div.view', {}, hint, text),
    /** @param {Known} known */
    update: ({ overview }) => {
      const who = overview?.processes ? 'each process' : 'this process';
      say(hint, `As ${who} runs with it: defaults are filled in, secrets are stars.`);
    },
    leave: () => undefined,
  };
}
