import { el } from './dom.js';

/** The effective configuration, defaults filled in, secrets as stars. */
export function configView() {
  const text = el('pre.config', { tabindex: 0, role: 'region', 'aria-label': 'Effective configuration' }, '…');
  const failed = (/** @type {unknown} */ error) => {
    text.textContent = `The configuration could not be read: ${error instanceof Error ? error.message : error}`;
  };
  fetch('/page/config').then(async (response) => {
    text.textContent = await response.text();
  }, failed);
  return {
    title: 'Configuration',
    element: el(
      'div.view',
      {},
      el('p.hint', {}, 'As this process runs with it: defaults are filled in, secrets are stars.'),
      text,
    ),
    update: () => undefined,
    leave: () => undefined,
  };
}
