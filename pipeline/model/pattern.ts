/**
 * A pattern as Python's fnmatch takes it, and so Ceilometer: `*` any text, `?` one character, `[a-c]` one of those,
 * `[!a-c]` one that is none of those; everything else is itself. The whole text has to match, and case counts.
 */
export function patternMatcher(pattern: string): (text: string) => boolean {
  let source = '';
  for (let at = 0; at < pattern.length; ) {
    const end = pattern[at] === '[' ? endOfClass(pattern, at) : -1;
    source += end < 0 ? single(pattern[at] as string) : classOf(pattern.slice(at + 1, end));
    at = end < 0 ? at + 1 : end + 1;
  }
  const expression = new RegExp(`^${source}$`);
  return (text) => expression.test(text);
}

function single(character: string): string {
  if (character === '*') return '[^]*';
  return character === '?' ? '[^]' : escaped(character);
}

/** Where the class that begins at `start` has its `]`, −1 if it has none; one right at its begin is a member. */
function endOfClass(pattern: string, start: number): number {
  const first = pattern[start + 1] === '!' ? start + 2 : start + 1;
  return pattern.indexOf(']', pattern[first] === ']' ? first + 1 : first);
}

/** The expression of what stands between the brackets. A range that ends before it begins holds nothing. */
function classOf(members: string): string {
  const isNegated = members.startsWith('!');
  const listed = isNegated ? members.slice(1) : members;
  let source = '';
  for (let at = 0; at < listed.length; ) {
    const isRange = listed[at + 1] === '-' && at + 2 < listed.length;
    const from = listed[at] as string;
    const to = isRange ? (listed[at + 2] as string) : from;
    if (from <= to) source += isRange ? `${escaped(from)}-${escaped(to)}` : escaped(from);
    at += isRange ? 3 : 1;
  }
  if (source === '') return isNegated ? '[^]' : '[]';
  return isNegated ? `[^${source}]` : `[${source}]`;
}

const escaped = (character: string): string =>
  /[\w\s]/.test(character) ? character : character.replace(/[!-/:-@[-`{-~]/, '\\$&');
