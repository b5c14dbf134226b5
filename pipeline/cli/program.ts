import { Command } from 'commander';
import { ConfigError } from '../runtime/config/fault.ts';
import { redactUrls } from '../runtime/config/redact.ts';
import { addAudit } from './audit.ts';
import { addCapture } from './capture.ts';
import { addCheck } from './check.ts';
import { addCollect } from './collect.ts';
import { addConfigGnocchi } from './config-gnocchi.ts';
import { addConfigImportCeilometer } from './config-import-ceilometer.ts';
import { addConfigInit } from './config-init.ts';
import { addConfigPrint } from './config-print.ts';
import { addConfigSchema } from './config-schema.ts';
import { addDemo } from './demo.ts';
import { CommandFailure, EXIT, exitCodeOf } from './exit.ts';
import { plural } from './human.ts';
import { addListenTcp } from './listen-tcp.ts';
import { addListenUdp } from './listen-udp.ts';
import { addGlobalOptions } from './options.ts';
import type { Parts } from './parts.ts';
import { addPipeline } from './pipeline.ts';
import { addPoll } from './poll.ts';
import { addRun } from './run.ts';
import type { Output, Terminal } from './terminal.ts';
import { addVersion } from './version.ts';

const EXAMPLES = `
Examples:
  hypermeter demo
  hypermeter config init > hypermeter.yaml
  hypermeter poll qemu+tcp://127.0.0.1/system
  hypermeter check -c hypermeter.yaml
  hypermeter capture -c hypermeter.yaml --name vc1 --to vc1
  hypermeter run -c hypermeter.yaml
  hypermeter listen udp
  hypermeter audit -c hypermeter.yaml --published meters.jsonl

Exit codes: ${Object.entries(EXIT)
  .map(([name, code]) => `${code} ${name}`)
  .join(', ')}`;

const LISTEN_EXAMPLES = `
Examples:
  hypermeter listen udp
  hypermeter listen tcp --help`;

const CONFIG_EXAMPLES = `
Examples:
  hypermeter config init > hypermeter.yaml
  hypermeter config print -c hypermeter.yaml
  hypermeter config schema > hypermeter.schema.json
  hypermeter config gnocchi > gnocchi_resources.yaml
  hypermeter config import-ceilometer pipeline.yaml > hypermeter.yaml`;

/** The command line. Nothing runs before it is parsed; nothing in it exits the process. */
export function createProgram(parts: Parts, terminal: Terminal): Command {
  const program = addGlobalOptions(new Command('hypermeter'))
    .description('Meters every virtual machine of a mixed fleet, exactly.')
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      getOutHelpWidth: () => terminal.stdout.columns ?? 100,
      getErrHelpWidth: () => terminal.stderr.columns ?? 100,
    })
    .exitOverride()
    .addHelpText('after', EXAMPLES);
  addDemo(program, parts, terminal);
  addRun(program, parts, terminal);
  addCollect(program, parts, terminal);
  addPipeline(program, parts, terminal);
  addCheck(program, parts, terminal);
  addPoll(program, parts, terminal);
  addCapture(program, parts, terminal);
  addAudit(program, terminal);
  const listen = program.command('listen').description('print what a sink sends').addHelpText('after', LISTEN_EXAMPLES);
  addListenUdp(listen, parts, terminal);
  addListenTcp(listen, parts, terminal);
  const config = program
    .command('config')
    .description('begin, look at and describe a configuration')
    .addHelpText('after', CONFIG_EXAMPLES);
  addConfigInit(config, parts, terminal);
  addConfigPrint(config, parts, terminal);
  addConfigSchema(config, parts, terminal);
  addConfigGnocchi(config, parts, terminal);
  addConfigImportCeilometer(config, terminal);
  addVersion(program, parts, terminal);
  return program;
}

/** Runs the command that `words` (without node and the script) name. Resolves with the exit code; never rejects. */
export async function runProgram(program: Command, words: readonly string[], stderr: Output): Promise<number> {
  try {
    await program.parseAsync(words, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    const code = exitCodeOf(error);
    const told = sentence(error, code);
    if (told !== '') stderr.write(`${told}\n`);
    return code;
  }
}

/** What to tell of an error that ended a command: nothing of what commander has told, all of a bug. */
function sentence(error: unknown, code: number): string {
  if (code === EXIT.ok || !(error instanceof Error)) return code === EXIT.ok ? '' : `error: ${String(error)}`;
  if (error.name === 'CommanderError') return '';
  if (error instanceof CommandFailure) return error.message;
  if (error instanceof ConfigError)
    return `${error.message}\n${plural(error.faults.length, 'fault')} in the configuration`;
  return redactUrls(code === EXIT.internal ? `internal error: ${error.stack ?? error.message}` : error.message);
}
