import type { Command } from 'commander';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { exactJson } from '../runtime/json.ts';
import { schema } from './composition.ts';
import {
  clockFinding,
  featuresFinding,
  fileFindings,
  portFinding,
  spoolFinding,
  sshFindings,
} from './doctor-config.ts';
import { type Finding, kafkaClientFinding, machineFindings } from './doctor-machine.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { plural } from './human.ts';
import { lookAtMachine } from './machine.ts';
import { addConfigOptions, type ConfigOptions, type GlobalOptions, loadFor, outputOption, waitMs } from './options.ts';
import type { Parts } from './parts.ts';
import { colored, type Terminal, writeLine } from './terminal.ts';
import { writeTick } from './ticks.ts';

const EXAMPLES = `
Examples:
  hypermeter doctor
  hypermeter doctor -c hypermeter.yaml
  hypermeter doctor -c hypermeter.yaml -o json | jq 'select(.standing != "good")'

Without a configuration it looks at this machine alone. With one also at what that asks of the machine: features of the Kafka
client, the disk of the spool and of file sinks, ports, ssh, and the clock against hypervisors that tell theirs (up to two of
each kind are polled once). Whether services can be reached, and with these accounts, tells: hypermeter check.

Exit codes: 0 nothing is wrong, odd things included; ${EXIT.failure} something is; ${EXIT.config} the configuration is wrong.`;

interface DoctorOptions extends ConfigOptions, GlobalOptions {
  readonly output: 'table' | 'json';
  readonly timeout: number;
}

export function addDoctor(program: Command, parts: Parts, terminal: Terminal, clock: Clock = systemClock): void {
  addConfigOptions(program.command('doctor'))
    .description('look whether this machine has what Hypermeter needs, with what to do where it has not')
    .addOption(outputOption())
    .option('--timeout <duration>', 'time for each hypervisor whose clock is asked', waitMs, 10_000)
    .addHelpText('after', EXAMPLES)
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<DoctorOptions>();
      const findings = await findAll(options, parts, terminal, clock);
      const isColored = colored(options.color, terminal.stdout, terminal.env);
      for (const finding of findings) {
        const { what, standing, told, remedies } = finding;
        if (options.output === 'json') await writeLine(terminal.stdout, exactJson(finding));
        else await writeTick(terminal, isColored, standing, `${what}: ${told}`, remedies);
      }
      const bad = findings.filter(({ standing }) => standing === 'bad').length;
      if (bad > 0) throw new CommandFailure(EXIT.failure, `${plural(bad, 'thing')} to mend`);
    });
}

async function findAll(
  options: DoctorOptions,
  parts: Parts,
  terminal: Terminal,
  clock: Clock,
): Promise<readonly Finding[]> {
  const isConfigured = options.config !== undefined || options.set.length > 0;
  const config = isConfigured ? (await loadFor('print', options, schema, terminal)).config : null;
  const version: Finding = { what: 'hypermeter', standing: 'good', told: parts.version, remedies: [] };
  return [
    version,
    ...machineFindings(lookAtMachine(), config?.connectors.length ?? null),
    await kafkaClientFinding(parts),
    ...(config === null
      ? []
      : [await featuresFinding(config, parts), await spoolFinding(config), ...(await fileFindings(config))]),
    ...(config === null ? [] : sshFindings(config, terminal.env.PATH ?? '')),
    await portFinding(config === null ? DEFAULT_LISTEN : config.ops.listen),
    await clockFinding(config, parts.connectors, clock, options.timeout),
  ];
}

/** As the schema's default. */
const DEFAULT_LISTEN = { host: '127.0.0.1', port: 9464 };
