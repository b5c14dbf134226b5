import type { Command } from 'commander';
import type { Parts } from './parts.ts';
import { addService } from './serve.ts';
import type { Terminal } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter run -c hypermeter.yaml
  hypermeter run -c hypermeter.yaml --set collector.interval=5s`;

export const addRun = (program: Command, parts: Parts, terminal: Terminal): void =>
  addService(
    program,
    {
      name: 'run',
      description: 'poll the hypervisors, meter what they say and publish: both roles in one process',
      examples: EXAMPLES,
      collects: true,
      meters: true,
    },
    parts,
    terminal,
  );
