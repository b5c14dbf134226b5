/** A value of the chart as values.yaml writes it. */
export interface ChartValue {
  /** `image.tag` */
  readonly path: string;
  /** As it is written; empty for a map whose members have lines of their own. */
  readonly standard: string;
  /** The comment above it; empty if it has none, its map's being enough. */
  readonly meaning: string;
}

const KEY = /^( *)([A-Za-z][A-Za-z0-9]*):(?: +(.*))?$/;
const COMMENT = /^ *# ?(.*)$/;

/**
 * The values of values.yaml, in order: those on lines of their own. A comment belongs to the key below it; an empty line
 * ends it.
 */
export function chartValues(text: string): readonly ChartValue[] {
  const values: ChartValue[] = [];
  const path: string[] = [];
  let comment: string[] = [];
  for (const line of text.split('\n')) {
    const words = COMMENT.exec(line)?.[1];
    if (words !== undefined) {
      comment.push(words);
      continue;
    }
    const [, margin, key, standard = ''] = KEY.exec(line) ?? [];
    if (margin !== undefined && key !== undefined) {
      path.length = margin.length / 2;
      path.push(key);
      values.push({ path: path.join('.'), standard, meaning: comment.join(' ') });
    }
    comment = [];
  }
  return values;
}

const INTRODUCTION = `# The chart's values

<!-- Printed from values.yaml; a test compares. -->

How to install and run it: [docs/kubernetes.md](../../docs/kubernetes.md).

\`\`\`sh
helm install hypermeter k8s/chart -f my-values.yaml
helm install trial k8s/chart --set profile=trial     # a simulated fleet in one pod, for a look
\`\`\`

\`values.schema.json\` is strict: a value that is not here is refused. \`config\` is the application's own configuration
([docs/configuration.md](../../docs/configuration.md)); what is wrong with it is refused in the words of \`hypermeter check\`.
`;

/** k8s/chart/README.md, from the text of values.yaml. */
export function chartReadme(text: string): string {
  const rows = chartValues(text).map(({ path, standard, meaning }) =>
    [`\`${path}\``, standard === '' ? '' : `\`${standard}\``, meaning].map((cell) => cell.replaceAll('|', '\\|')),
  );
  const table = [['Value', 'Default', 'Meaning'], ['---', '---', '---'], ...rows];
  return `${INTRODUCTION}\n${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}
