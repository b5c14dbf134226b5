import type { Place, PlaceOption } from './completion-places.ts';

/** A script for fish 3 and newer. */
export function fishCompletion(program: string, places: readonly Place[]): string {
  const known = places.map(({ path }) => path).filter((path) => path !== '');
  const valued = places.flatMap(({ path, options }) =>
    options
      .filter(({ takes }) => takes !== 'nothing')
      .flatMap(({ names }) => names.map((name) => quoted(`${path} ${name}`))),
  );
  return `# Completion of ${program} for fish: ${program} completion fish > ~/.config/fish/completions/${program}.fish
function __${program}_at
    set -l at ""
    set -l skips no
    for word in (commandline -opc)[2..-1]
        if test $skips = yes
            set skips no
            continue
        end
        switch "$at $word"
            case ${valued.join(' ')}
                set skips yes
                continue
        end
        switch "$at/$word"
            case ${known.join(' ')}
                set at "$at/$word"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c ${program} -f
${places.flatMap((place) => placeLines(program, place)).join('\n')}
`;
}

function placeLines(program: string, { path, commands, options, choices, takesFiles }: Place): readonly string[] {
  const at = `complete -c ${program} -n ${quoted(`__${program}_at ${path === '' ? "''" : path}`)}`;
  return [
    ...commands.map(({ name, summary }) => `${at} -a ${name} -d ${quoted(summary)}`),
    ...choices.map((choice) => `${at} -a ${choice}`),
    ...(takesFiles ? [`${at} -F`] : []),
    ...options.map((option) => `${at} ${optionWords(option)} -d ${quoted(option.summary)}`),
  ];
}

function optionWords({ names, takes, words }: PlaceOption): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ');
  if (takes === 'nothing') return flags;
  if (takes === 'words') return `${flags} -x -a ${quoted(words.join(' '))}`;
  return takes === 'file' ? `${flags} -r -F` : `${flags} -x`;
}

/** In double quotes fish replaces variables and needs \`"\`, \`\\\` and \`$\` escaped. */
const quoted = (text: string): string => `"${text.replace(/["\\$]/g, '\\$&')}"`;
