import type { Command } from 'commander';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { addListenOptions, type ListenCommandOptions, printHeard } from './listen.ts';
import type { Parts } from './parts.ts';
import type { Terminal } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter listen udp
  hypermeter listen udp --port 4952 --secret-file telemetry_secret --for 30s
  hypermeter listen udp --count 100 -o json | jq -c '[.counter_name, .counter_volume]'`;

export function addListenUdp(listen: Command, parts: Parts, terminal: Terminal, clock: Clock = systemClock): void {
  addListenOptions(
    listen.command('udp').description("print the meters that come in as datagrams: Ceilometer's, and packed ones"),
  )
    .addHelpText('after', EXAMPLES)
    .action((options: ListenCommandOptions) => printHeard(parts.listenUdp, 'other datagram', options, terminal, clock));
}
