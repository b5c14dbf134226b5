import { type Draft, putValue, valueAt, writtenPaths } from './draft.ts';
import type { Fault } from './fault.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `$${` is a literal `${`; a reference is `${NAME}`, `${NAME:-default}` or `${NAME:?message}`. */
const REFERENCE = /\$\$\{|\$\{([^}]*)\}|\$\{/g;
const NAMED = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:-|:\?)(.*))?$/s;

/**
 * Replaces the references to variables in one text. What comes in is not looked at again, so a variable's value can
 * hold anything. An empty variable counts as not set where a default or a message is given.
 */
export function interpolate(text: string, env: Environment): { readonly text: string; readonly faults: string[] } {
  const faults: string[] = [];
  const result = text.replace(REFERENCE, (whole, reference: string | undefined) => {
    if (whole === '$${') return '${';
    const match = NAMED.exec(reference ?? '');
    if (match === null) {
      faults.push(`"${whole}" is no reference to a variable; write \${NAME} or \${NAME:-default}, or $\${ for itself`);
      return whole;
    }
    const [, name = '', operator, rest = ''] = match;
    const value = env[name];
    if (value !== undefined && (value !== '' || operator === undefined)) return value;
    if (operator === ':-') return rest;
    const why = operator === ':?' && rest !== '' ? rest : `set it, or give a default as \${${name}:-default}`;
    faults.push(`the environment variable ${name} is not set; ${why}`);
    return whole;
  });
  return { text: result, faults };
}

/** Interpolates every text of a draft that came out of a file, after parsing, so that no value can add structure. */
export function interpolateDraft(draft: Draft, env: Environment): Fault[] {
  const faults: Fault[] = [];
  for (const [path, place] of writtenPaths(draft)) {
    const value = valueAt(draft, path);
    if (typeof value !== 'string' || !value.includes('${')) continue;
    const { text, faults: messages } = interpolate(value, env);
    for (const message of messages) faults.push({ place: place.value, path, message });
    putValue(draft, path, text, { ...place, form: 'text' });
  }
  return faults;
}
