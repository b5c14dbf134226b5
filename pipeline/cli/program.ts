import { Command } from 'commander';
import { ConfigError } from '../runtime/config/fault.ts';
import { redactUrls } from '../runtime/config/redact.ts';
import { addAudit } from './audit.ts';
import { addCapture } from './capture.ts';
import { addCheck } from './check.ts';
import { addCollect } from './collect.ts';
import { addCompletion } from './completion.ts';
import { addConfigDiff } from './config-diff.ts';
import { addConfigGnocchi } from './config-gnocchi.ts';
import { addConfigImportCeilometer } from './config-import-ceilometer.ts';
import { addConfigInit } from './config-init.ts';
import { addConfigPrint } from './config-print.ts';
import { addConfigSchema } from './config-schema.ts';
import { addDemo } from './demo.ts';
import { addDoctor } from './doctor.ts';
import { CommandFailure, EXIT, EXIT_MEANINGS, exitCodeOf } from './exit.ts';
import { addExplain } from './explain.ts';
import { plural } from './human.ts';
import { addInventory } from './inventory.ts';
import { addListenTcp } from './listen-tcp.ts';
import { addListenUdp } from './listen-udp.ts';
import { addMan } from './man.ts';
import { notesOf } from './manual.ts';
import { addGlobalOptions, durationMs, waitMs } from './options.ts';
import { addPage } from './page.ts';
import type { Parts } from './parts.ts';
import { addPipeline } from './pipeline.ts';
import { addPoll } from './poll.ts';
import { addReplay } from './replay.ts';
import { addRun } from './run.ts';
import { addTapMeters } from './tap-meters.ts';
import { addTapRaw } from './tap-raw.ts';
import type { Output, Terminal } from './terminal.ts';
import { addTop } from './top/top.ts';
import { addVersion } from './version.ts';

const EXAMPLES = `
Examples:
  hypermeter demo
  hypermeter config init > hypermeter.yaml
  hypermeter poll qemu+tcp://127.0.0.1/system
  hypermeter check -c hypermeter.yaml
  hypermeter doctor -c hypermeter.yaml
  hypermeter capture -c hypermeter.yaml --name vc1 --to vc1
  hypermeter run -c hypermeter.yaml
  hypermeter top
  hypermeter page collector-0:9464 pipeline-0:9464
  hypermeter inventory -c hypermeter.yaml
  hypermeter tap raw -c hypermeter.yaml --follow
  hypermeter replay raw.avro -c hypermeter.yaml --dry-run
  hypermeter explain cpu.delta web-1 last -c hypermeter.yaml
  hypermeter listen udp
  hypermeter audit -c hypermeter.yaml --published meters.jsonl

Exit codes:
${Object.entries(EXIT_MEANINGS)
  .map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`)
  .join('\n')}`;

const TAP_EXAMPLES = `
Examples:
  hypermeter tap raw -c hypermeter.yaml --follow
  hypermeter tap raw -c hypermeter.yaml --since 1h --save raw.avro
  hypermeter tap meters -c hypermeter.yaml --follow --meter cpu_util`;

const LISTEN_EXAMPLES = `
Examples:
  hypermeter listen udp
  hypermeter listen tcp --help`;

const CONFIG_EXAMPLES = `
Examples:
  hypermeter config init > hypermeter.yaml
  hypermeter config print -c hypermeter.yaml
  hypermeter config diff hypermeter.yaml new.yaml
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
    .version(`hypermeter ${parts.version}`, '-V, --version', 'print the version, no more')
    .addHelpText('after', EXAMPLES);
  addDemo(program, parts, terminal);
  addRun(program, parts, terminal);
  addCollect(program, parts, terminal);
  addPipeline(program, parts, terminal);
  addCheck(program, parts, terminal);
  addPoll(program, parts, terminal);
  addCapture(program, parts, terminal);
  addTop(program, terminal);
  addPage(program, parts, terminal);
  addInventory(program, parts, terminal);
  addAudit(program, terminal);
  const listen = program.command('listen').description('print what a sink sends').addHelpText('after', LISTEN_EXAMPLES);
  addListenUdp(listen, parts, terminal);
  addListenTcp(listen, parts, terminal);
  const tap = program
    .command('tap')
    .description('look into what flows, without disturbing it')
    .addHelpText('after', TAP_EXAMPLES);
  addTapRaw(tap, terminal);
  addTapMeters(tap, terminal);
  addReplay(program, terminal);
  addExplain(program, terminal);
  const config = program
    .command('config')
    .description('begin, look at and describe a configuration')
    .addHelpText('after', CONFIG_EXAMPLES);
  addConfigInit(config, parts, terminal);
  addConfigPrint(config, parts, terminal);
  addConfigDiff(config, parts, terminal);
  addConfigSchema(config, parts, terminal);
  addConfigGnocchi(config, parts, terminal);
  addConfigImportCeilometer(config, terminal);
  addDoctor(program, parts, terminal);
  addCompletion(program, terminal);
  addMan(program, parts, terminal);
  addVersion(program, parts, terminal);
  finishHelp(program);
  return program;
}

/**
 * What every help has: defaults of durations as they are written, and the exit codes, where a command does not tell its own
 * those that it shares with all. A wrong command line names it. `name`: all words of the command, `hypermeter config init`.
 */
function finishHelp(command: Command, name = command.name()): void {
  command.showHelpAfterError(`see: ${name} --help`);
  for (const below of command.commands) finishHelp(below, `${name} ${below.name()}`);
  for (const option of command.options) {
    const { parseArg, defaultValue } = option;
    if (parseArg === durationMs || parseArg === waitMs) option.default(defaultValue, durationText(defaultValue));
  }
  if (command.commands.length > 0 || notesOf(command).includes('Exit codes')) return;
  const takesConfig = command.options.some(({ long }) => long === '--config');
  const config = takesConfig ? `; ${EXIT.config} the configuration is wrong` : '';
  const line = `Exit codes: 0; ${EXIT.usage} the command line is wrong${config}; the rest: hypermeter --help.`;
  command.addHelpText('after', `\n${line}`);
}

/** Milliseconds as an option takes them. */
const durationText = (ms: unknown): string | undefined => (typeof ms === 'number' ? `${ms / 1000}s` : undefined);

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
