import type { Place } from './completion-places.ts';

/** A script for bash 4 and newer. */
export function bashCompletion(program: string, places: readonly Place[]): string {
  const known = places.map(({ path }) => path).filter((path) => path !== '');
  return `# Completion of ${program} for bash. In ~/.bashrc: source <(${program} completion bash)
_${program}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" at="" words="" files=no i
  COMPREPLY=()
  # bash takes the = of --output=json for a word.
  if [[ $cur == "=" ]]; then cur=""; elif [[ $prev == "=" ]]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
${valued(places)}
    esac
    case "$at/\${COMP_WORDS[i]}" in
      ${known.join(' | ')}) at="$at/\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at $prev" in
${places.flatMap((place) => place.options.flatMap((option) => valueCase(place.path, option))).join('\n')}
  esac
  case "$at" in
${places.map(placeCase).join('\n')}
  esac
  [[ $cur != -* && $files == yes ]] && { compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); }
  mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _${program} ${program}
`;
}

/** An option's value is no command, whatever it is. */
const valued = (places: readonly Place[]): string =>
  places
    .flatMap(({ path, options }) => {
      const names = options.filter(({ takes }) => takes !== 'nothing').flatMap((option) => option.names);
      return names.length === 0
        ? []
        : [`      ${names.map((name) => quoted(`${path} ${name}`)).join(' | ')}) ((i++)); continue ;;`];
    })
    .join('\n');

function valueCase(path: string, { names, takes, words }: Place['options'][number]): readonly string[] {
  if (takes === 'nothing') return [];
  const pattern = names.map((name) => quoted(`${path} ${name}`)).join(' | ');
  if (takes === 'file') {
    return [
      `    ${pattern}) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;`,
    ];
  }
  const found = takes === 'words' ? `mapfile -t COMPREPLY < <(compgen -W ${quoted(words.join(' '))} -- "$cur"); ` : '';
  return [`    ${pattern}) ${found}return ;;`];
}

function placeCase({ path, commands, options, choices, takesFiles }: Place): string {
  const words = [...commands.map(({ name }) => name), ...choices, ...options.flatMap(({ names }) => names)];
  return `    ${quoted(path)}) words=${quoted(words.join(' '))}${takesFiles ? '; files=yes' : ''} ;;`;
}

/** Names of commands and options hold nothing that a shell would take for its own. */
const quoted = (text: string): string => `"${text}"`;
