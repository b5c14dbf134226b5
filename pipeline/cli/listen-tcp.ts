import type { Command } from 'commander';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { addListenOptions, type ListenCommandOptions, printHeard } from './listen.ts';
import type { Parts } from './parts.ts';
import type { Terminal } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter listen tcp
  hypermeter listen tcp --port 4952 --secret-file telemetry_secret --for 30s
  hypermeter listen tcp --count 100 -o json | jq -c '[.counter_name, .counter_volume]'`;

export function addListenTcp(listen: Command, parts: Parts, terminal: Terminal, clock: Clock = systemClock): void {
  addListenOptions(listen.command('tcp').description("print the meters that come in as Ceilometer's TCP frames"))
    .addHelpText('after', EXAMPLES)
    .action((options: ListenCommandOptions) => printHeard(parts.listenTcp, 'fault', options, terminal, clock));
}
