import { byId } from './dom.js';

const KEY = 'hypermeter.theme';

/**
 * Lets the reader choose: as the system has it, light or dark. `onChange` is called when colours have changed.
 * @param {() => void} onChange
 */
export function startTheme(onChange) {
  const select = /** @type {HTMLSelectElement} */ (byId('theme'));
  const apply = () => {
    const chosen = select.value;
    if (chosen === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
  };
  select.value = remembered() ?? 'auto';
  if (select.value === '') select.value = 'auto';
  apply();
  select.addEventListener('change', () => {
    remember(select.value);
    apply();
    onChange();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange);
}

/** A browser that keeps nothing for us has no choice to remember. */
function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** @param {string} theme */
function remember(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // It holds until the page is left.
  }
}

const probe = document.createElement('span');
probe.className = 'probe';
probe.hidden = true;
document.body.append(probe);

/** @param {string} name a colour of the style sheet, `--line`, as a canvas takes it: what is meant by it at the moment */
export function color(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}
