import { stringify } from 'yaml';
import { describe } from '../runtime/config/explain.ts';
import { withDefaults } from '../runtime/config/print.ts';
import type { SchemaNode } from '../runtime/config/schema-node.ts';

const HEAD = `# Hypermeter. Every setting and its meaning: docs/configuration.md
# \${VAR} and \${VAR:-default} take environment variables; each secret can be read from a file (passwordFile).
`;

/** What to write where a setting is required and its schema gives no example, by the setting's name. */
const PLACEHOLDERS: Readonly<Record<string, unknown>> = {
  uri: 'qemu+tcp://127.0.0.1/system',
  url: 'https://hypervisor.example',
  host: '127.0.0.1',
  path: 'meters.jsonl',
};

/** The same of what receives: sinks, and spans. */
const RECEIVERS: Readonly<Record<string, unknown>> = { url: 'https://receiver.example', brokers: ['127.0.0.1:9092'] };

/** Sinks whose settings of these names look otherwise. */
const SINK_PLACES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  amqp: { url: 'amqp://guest@127.0.0.1:5672/' },
};

/** What a configuration to begin with has entries for: their types, in order. */
export interface SampleEntries {
  readonly connectors: readonly string[];
  readonly sinks: readonly string[];
}

/**
 * A configuration to begin with, made from the schema: a section for each top-level key with its settings' defaults and
 * meanings, an entry for each of the types wanted. A section that is off unless it is written is a comment.
 */
export function sampleConfig(schema: SchemaNode, wanted: SampleEntries): string {
  const sections = Object.entries(schema.properties ?? {}).map(([key, node]) => {
    const heading = node.description === undefined ? '' : `# ${node.description}\n`;
    if (key === 'connectors' || key === 'sinks') return heading + entries(key, node, wanted[key]);
    if (node.properties === undefined) return `${heading}${key}: ${flow(node.default)}\n`;
    const section = `${key}:\n${settings(node, '  ', RECEIVERS).join('')}`;
    return heading + (node.default === undefined ? section.replace(/^(?=.)/gm, '# ') : section);
  });
  return [HEAD, ...sections].join('\n');
}

function entries(key: string, list: SchemaNode, types: readonly string[]): string {
  if (types.length === 0) return `${key}: []\n`;
  const texts = types.map((type, index) => {
    const node = (list.items?.oneOf ?? [list.items ?? {}]).find((kind) => kind.properties?.type?.const === type) ?? {};
    const places = key === 'sinks' ? { ...RECEIVERS, ...SINK_PLACES[type] } : { name: `${type}${index + 1}` };
    const [first = '', ...rest] = settings(node, '    ', places);
    return [`  - ${first.trimStart()}`, ...rest].join('');
  });
  return `${key}:\n${texts.join('')}`;
}

/** A line for each setting: those with a default, required or suggested as they are, the others as comments. */
function settings(node: SchemaNode, margin: string, given: Readonly<Record<string, unknown>> = {}): readonly string[] {
  const lines = Object.entries(node.properties ?? {}).map(([name, property]) => {
    const meaning = property.description === undefined ? '' : `  # ${property.description}`;
    const required = isRequired(node, name) || property.suggested === true;
    const value =
      property.const ??
      withDefaults(property.default, property) ??
      property.sample ??
      (required ? (given[name] ?? placeholder(name, property)) : undefined);
    if (value === undefined)
      return { required, line: `${margin}# ${name}: …  # ${property.description ?? describe(property)}\n` };
    return { required, line: `${margin}${name}: ${flow(value)}${meaning}\n` };
  });
  // An entry must not begin with a comment.
  return [...lines.filter(({ required }) => required), ...lines.filter(({ required }) => !required)].map(
    ({ line }) => line,
  );
}

/** A secret may be given by its file instead (schema-node.ts), and is shown as itself. */
const isRequired = (node: SchemaNode, name: string): boolean =>
  node.required?.includes(name) === true ||
  (node.allOf ?? []).some(({ oneOf }) => oneOf?.[0]?.required?.includes(name) === true);

const placeholder = (name: string, node: SchemaNode): unknown =>
  node.example ?? PLACEHOLDERS[name] ?? node.enum?.[0] ?? node.minimum ?? 'change-me';

/** A value on one line of YAML. */
const flow = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true }).trimEnd();
