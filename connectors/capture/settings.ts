import { isSecretKey } from '../../pipeline/runtime/config/redact.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { isCounter } from './shapes.ts';

/** Words of a connector's configuration that say who is asked, and by whom. */
const WHO = new Set(['name', 'type', 'url', 'uri', 'username']);
/** Of which it matters only that they are set. */
const SET = new Set(['caFile', 'thumbprint', 'certFile', 'keyFile', 'keytab', 'ccache', 'spn']);
/** The default of `tenant.resourceId`, and words to choose from. */
const KNOWN = new Set(['nova_uuid', 'nova', 'none', 'negotiate', 'kerberos', 'basic', 'certificate']);

/** A connector's configuration as it is shown: numbers, choices and counters; whoever and whatever is secret is left out. */
export function shownSettings(config: unknown, texts: Pseudonyms): unknown {
  if (typeof config === 'string') return isCounter(config) || KNOWN.has(config) ? config : texts.text(config);
  if (Array.isArray(config)) return config.map((each) => shownSettings(each, texts));
  if (typeof config !== 'object' || config === null) return config;
  const shown = Object.entries(config).filter(([key]) => !WHO.has(key) && !isSecretKey(key));
  return Object.fromEntries(
    shown.map(([key, value]) => [key, SET.has(key) ? value !== undefined : shownSettings(value, texts)]),
  );
}

/** Who logs in, and with what, by a connector's configuration. */
export interface Credentials {
  readonly users: readonly string[];
  readonly secrets: readonly string[];
}

export function credentialsIn(config: unknown): Credentials {
  const texts = textsIn(config);
  return {
    users: texts.flatMap(([key, text]) => (key === 'username' ? [text] : [])),
    secrets: texts.flatMap(([key, text]) => (isSecretKey(key) ? [text] : [])),
  };
}

/** Every text with its key. */
function textsIn(config: unknown): readonly (readonly [string, string])[] {
  if (typeof config !== 'object' || config === null) return [];
  return Object.entries(config).flatMap(([key, value]) =>
    typeof value === 'string' ? [[key, value] as const] : textsIn(value),
  );
}
