import type { Command } from 'commander';
import type { Parts } from './parts.ts';
import { addService } from './serve.ts';
import type { Terminal } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter pipeline -c hypermeter.yaml
  hypermeter pipeline -c hypermeter.yaml --set 'meters=["cpu*","!*.rate"]'`;

export const addPipeline = (program: Command, parts: Parts, terminal: Terminal): void =>
  addService(
    program,
    {
      name: 'pipeline',
      description: 'read raw statistics from Kafka, meter them and publish',
      examples: EXAMPLES,
      collects: false,
      meters: true,
    },
    parts,
    terminal,
  );
