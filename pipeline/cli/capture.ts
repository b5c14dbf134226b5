import type { Command } from 'commander';
import type { ConnectorEntry } from '../../connectors/discovery/discovery.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { CaptureFolder } from './capture-folder.ts';
import { Capture, type CapturePlan } from './capture-run.ts';
import type { Entry } from './endpoints.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { chosenEntries } from './fleet-look.ts';
import { addConfigOptions, type ConfigOptions, durationMs, waitMs, wholeNumber } from './options.ts';
import type { AnyConnectorKind, Parts } from './parts.ts';
import type { Terminal } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter capture 'vsphere://metering%40vsphere.local@vc1.example.org?passwordFile=vc1.secret&thumbprint=…' --to vc1
  hypermeter capture -c hypermeter.yaml --name pool1 --to pool1 --polls 5 --interval 60s

What is written: requests and answers with numbers, times and structure as they were, and every name, note, path, uuid, MAC
and address replaced by another; no login, no session, no password. Look at it before you give it away.`;

interface CaptureOptions extends ConfigOptions, CapturePlan {
  readonly name?: string;
  readonly to: string;
}

export function addCapture(program: Command, parts: Parts, terminal: Terminal, clock: Clock = systemClock): void {
  addConfigOptions(program.command('capture'))
    .argument('[address]', 'of a hypervisor; with -c the name of one that is configured or found')
    .description("record a hypervisor's answers without what is private in them, to be replayed as a test")
    .option('--name <name>', 'the same as a name after -c')
    .requiredOption('--to <folder>', 'new folder that is written')
    .option('--polls <n>', 'how many polls', wholeNumber, 3)
    .option('--interval <duration>', 'time between polls', durationMs, 20_000)
    .option('--timeout <duration>', 'time for connecting and for each poll', waitMs, 10_000)
    .option('--keep-names', 'leave the names of VMs and hosts as they are')
    .addHelpText('after', EXAMPLES)
    .action(async (target: string | undefined, options: CaptureOptions) => {
      const entry = await entryFor(target, options, parts, terminal, clock);
      const folder = await CaptureFolder.create(options.to);
      await new Capture(entry, folder, options, parts.version, terminal, clock).run();
    });
}

async function entryFor(
  target: string | undefined,
  options: CaptureOptions,
  parts: Parts,
  terminal: Terminal,
  clock: Clock,
): Promise<Entry> {
  const { entries } = await chosenEntries(target, options, parts, terminal, clock);
  const [entry, ...others] = entries;
  if (entry === undefined || others.length > 0) {
    const names = entries.map(({ config }) => (config as ConnectorEntry).name).join(', ');
    throw new CommandFailure(EXIT.usage, `error: one hypervisor at a time: choose it with --name, of: ${names}`);
  }
  if (!entry.kind.recordable) throw new CommandFailure(EXIT.usage, notRecordable(entry.kind, parts.connectors));
  return entry;
}

function notRecordable({ kind }: AnyConnectorKind, kinds: readonly AnyConnectorKind[]): string {
  const those = kinds.filter(({ recordable }) => recordable).map((each) => each.kind);
  return `error: ${kind} is not read over HTTP and cannot be captured; those that can: ${those.join(', ') || 'none'}`;
}
