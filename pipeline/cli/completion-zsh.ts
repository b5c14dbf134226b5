import type { Place } from './completion-places.ts';

/** A script for zsh 5 and newer, with compinit. */
export function zshCompletion(program: string, places: readonly Place[]): string {
  const known = places.map(({ path }) => path).filter((path) => path !== '');
  const valued = places.flatMap(({ path, options }) =>
    options
      .filter(({ takes }) => takes !== 'nothing')
      .flatMap(({ names }) => names.map((name) => quoted(`${path} ${name}`))),
  );
  return `#compdef ${program}
# Completion of ${program} for zsh. In ~/.zshrc, after compinit: source <(${program} completion zsh)
_${program}() {
  local at="" prev="\${words[CURRENT-1]}" i
  local -a commands options
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
      ${valued.join(' | ')}) ((i++)); continue ;;
    esac
    case "$at/\${words[i]}" in
      ${known.join(' | ')}) at="$at/\${words[i]}" ;;
    esac
  done
  case "$at $prev" in
${places.flatMap((place) => place.options.flatMap((option) => valueCase(place.path, option))).join('\n')}
  esac
  case "$at" in
${places.map(placeCase).join('\n')}
  esac
}
compdef _${program} ${program}
`;
}

function valueCase(path: string, { names, takes, words }: Place['options'][number]): readonly string[] {
  if (takes === 'nothing') return [];
  const pattern = names.map((name) => quoted(`${path} ${name}`)).join(' | ');
  const found = takes === 'words' ? `compadd -- ${words.map(quoted).join(' ')}; ` : takes === 'file' ? '_files; ' : '';
  return [`    ${pattern}) ${found}return ;;`];
}

function placeCase({ path, commands, options, choices, takesFiles }: Place): string {
  const described = (entries: readonly (readonly [string, string])[]) =>
    entries.map(([name, summary]) => single(`${name.replaceAll(':', '\\:')}:${summary}`)).join(' ');
  const words = [
    ...commands.map(({ name, summary }) => [name, summary] as const),
    ...choices.map((choice) => [choice, ''] as const),
  ];
  const flags = options.flatMap(({ names, summary }) => names.map((name) => [name, summary] as const));
  const lines = [
    `options=(${described(flags)})`,
    "_describe -o 'option' options",
    ...(words.length === 0 ? [] : [`commands=(${described(words)})`, "_describe 'command' commands"]),
    ...(takesFiles ? ['_files'] : []),
  ];
  return `    ${quoted(path)})\n${lines.map((line) => `      ${line}`).join('\n')}\n      ;;`;
}

const quoted = (text: string): string => `"${text}"`;
/** Nothing is replaced in single quotes. */
const single = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
