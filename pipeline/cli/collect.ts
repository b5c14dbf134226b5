import type { Command } from 'commander';
import type { Parts } from './parts.ts';
import { addService } from './serve.ts';
import type { Terminal } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter collect -c hypermeter.yaml
  hypermeter collect -c hypermeter.yaml --log-level debug`;

export const addCollect = (program: Command, parts: Parts, terminal: Terminal): void =>
  addService(
    program,
    {
      name: 'collect',
      description: 'poll the hypervisors and write their raw statistics to Kafka',
      examples: EXAMPLES,
      collects: true,
      meters: false,
    },
    parts,
    terminal,
  );
