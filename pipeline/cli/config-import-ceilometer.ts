import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { ConfigError, type Fault, formatFault } from '../runtime/config/fault.ts';
import { readYaml } from '../runtime/config/yaml-source.ts';
import { whyUnreadable } from '../runtime/unreadable.ts';
import { createFindings } from './ceilometer/findings.ts';
import { importPipeline } from './ceilometer/import.ts';
import { readPipelineFile } from './ceilometer/pipeline-file.ts';
import { PYYAML } from './ceilometer/pyyaml.ts';
import { writeImported } from './ceilometer/write.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
What has no equal in Hypermeter is told on standard error.

Examples:
  hypermeter config import-ceilometer /etc/ceilometer/pipeline.yaml > hypermeter.yaml`;

export function addConfigImportCeilometer(config: Command, terminal: Terminal): void {
  config
    .command('import-ceilometer')
    .description("make a configuration of Ceilometer's pipeline.yaml")
    .argument('<pipeline.yaml>', 'its path')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string) => {
      const { text, warnings } = importCeilometer(readText(path), path);
      for (const warning of warnings) await writeLine(terminal.stderr, `warning: ${formatFault(warning)}`);
      await writeLine(terminal.stdout, text.trimEnd());
    });
}

/** The configuration that a pipeline.yaml means, and what is not in it. Throws a ConfigError with every fault. */
export function importCeilometer(
  text: string,
  path: string,
): { readonly text: string; readonly warnings: readonly Fault[] } {
  const { draft, faults } = readYaml(text, path, PYYAML);
  if (faults.length > 0) throw new ConfigError(faults);
  const findings = createFindings(draft);
  const file = readPipelineFile(draft, findings);
  const imported = importPipeline(file, findings);
  if (findings.faults.length > 0) throw new ConfigError(findings.faults);
  return { text: writeImported(imported, path), warnings: findings.notes };
}

function readText(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    throw new CommandFailure(EXIT.noInput, `error: ${path} cannot be read: ${whyUnreadable(error)}`);
  }
}
