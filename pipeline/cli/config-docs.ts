import { configReference } from '../runtime/config/reference.ts';
import type { SchemaNode } from '../runtime/config/schema-node.ts';

const INTRODUCTION = `# Configuration

<!-- Printed from the schema in pipeline/cli/schema.ts and what it is composed of; a test compares. -->

One YAML file (\`-c\`). \`hypermeter config init\` prints one to begin with, \`config print\` what is in effect,
\`config schema\` a JSON Schema for editors. Unknown keys are faults; all faults are told at once, with their places.

Later ones win: defaults, the file, environment variables, \`--set\`.

- \`HYPERMETER__COLLECTOR__INTERVAL=5s\` sets \`collector.interval\`: two underscores between keys, a number for an entry
  of a list (\`HYPERMETER__SINKS__0__PORT\`), case and single underscores do not matter.
- \`--set collector.interval=5s\` does the same; lists with commas or as in YAML: \`--set 'meters=[cpu, "!disk.*"]'\`.
- \`\${VAR}\`, \`\${VAR:-default}\` and \`\${VAR:?message}\` in values of the file take environment variables. They are put
  in after the file is parsed, so no value can add structure; \`$\${\` is a literal \`\${\`.
- Every secret has a twin that names a file: \`password\` and \`passwordFile\`. White space around the file's text is cut.
  A relative path is relative to the working directory.
- Durations are written \`200ms\`, \`30s\`, \`1m30s\`, \`1h\`, \`2d\`; sizes \`500kB\`, \`64MiB\`.`;

/** docs/configuration.md, from the JSON Schema of the configuration. */
export const configDocs = (schema: SchemaNode): string => `${INTRODUCTION}\n\n${configReference(schema)}\n`;
