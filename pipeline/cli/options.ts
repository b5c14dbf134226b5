import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { z } from 'zod';
import { ConfigError, type Fault, formatFault } from '../runtime/config/fault.ts';
import { type LoadedConfig, loadConfig } from '../runtime/config/load.ts';
import { parseDuration } from '../runtime/config/units.ts';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel, type LogOptions } from '../runtime/log.ts';
import { checkConfig, type Role } from './check-config.ts';
import type { Config } from './schema.ts';
import { COLORS, type ColorChoice, colored, type Terminal, writeLine } from './terminal.ts';

/** The options that every command takes. */
export interface GlobalOptions {
  readonly logLevel?: LogLevel;
  readonly logFormat?: LogFormat;
  readonly color: ColorChoice;
  readonly quiet: number;
  readonly verbose: number;
}

export interface ConfigOptions {
  readonly config?: string;
  readonly set: readonly string[];
}

const count = (_: string, times: number): number => times + 1;

export const addGlobalOptions = (command: Command): Command =>
  command
    .addOption(new Option('--log-level <level>', 'the least that is logged').choices([...LOG_LEVELS]))
    .addOption(new Option('--log-format <format>', 'JSON lines, or text for people').choices([...LOG_FORMATS]))
    .addOption(new Option('--color <when>', 'colour text').choices([...COLORS]).default('auto'))
    .addOption(new Option('-v, --verbose', 'log more; twice for all').default(0, 'no').argParser(count as never))
    .addOption(new Option('-q, --quiet', 'log less; twice for errors only').default(0, 'no').argParser(count as never));

export const addConfigOptions = (command: Command): Command =>
  command
    .option('-c, --config <file>', 'configuration file (YAML)')
    .option('--set <path=value>', 'override one setting; may be repeated', collect, []);

/** `-o table|json`, of every command that prints something for programs too. */
export const outputOption = (): Option =>
  new Option('-o, --output <format>', 'for people or programs').choices(['table', 'json']).default('table');

const collect = (value: string, earlier: readonly string[]): readonly string[] => [...earlier, value];

/** Parses `30s` into milliseconds for an option. */
export function durationMs(text: string): number {
  const us = parseDuration(text);
  if (us === undefined || us <= 0) throw new InvalidArgumentError('expected a duration such as 30s or 500ms.');
  return us / 1000;
}

/** Kafka's and other clients hold no more than 25 days, and some of them double or treble it. */
const LONGEST_WAIT_MS = 86_400_000;

/** Parses how long to wait for an answer, for an option, into milliseconds. */
export function waitMs(text: string): number {
  const ms = durationMs(text);
  if (ms > LONGEST_WAIT_MS) throw new InvalidArgumentError('expected 1d at most.');
  return ms;
}

/** Parses a whole number above zero for an option. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('expected a whole number above zero.');
  return Number(text);
}

/** The same for one that has a limit. */
export const wholeNumberTo =
  (most: number) =>
  (text: string): number => {
    const number = wholeNumber(text);
    if (number > most) throw new InvalidArgumentError(`expected ${most} at most.`);
    return number;
  };

/** Parses a port, 0 for a free one. */
export function portNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError('expected 0 to 65535.');
  return Number(text);
}

/** Reads the secret in a file that an option names. */
export function secretIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new InvalidArgumentError(`cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** Loads the configuration a command was given and tells its warnings on standard error. Throws a ConfigError. */
export async function loadFor<Settings extends Config>(
  role: Role,
  options: ConfigOptions,
  schema: z.ZodType<Settings>,
  terminal: Terminal,
): Promise<LoadedConfig<Settings>> {
  const loaded = loadQuietly(role, options, schema, terminal);
  for (const warning of loaded.warnings) await writeLine(terminal.stderr, `warning: ${formatFault(warning)}`);
  return loaded;
}

/** Loads the configuration a command was given; who calls tells its warnings. Throws a ConfigError. */
export function loadQuietly<Settings extends Config>(
  role: Role,
  options: ConfigOptions,
  schema: z.ZodType<Settings>,
  { env }: Terminal,
): LoadedConfig<Settings> {
  const file = options.config;
  try {
    return loadConfig({ schema, file, env, set: options.set, check: checkConfig(role) });
  } catch (error) {
    if (file !== undefined || !(error instanceof ConfigError)) throw error;
    throw new ConfigError([...error.faults, NO_FILE]);
  }
}

const NO_FILE: Fault = {
  place: '',
  path: [],
  message: 'no configuration file was named: give it with -c; a sample comes from: hypermeter config init',
};

/** The log that options and configuration ask for: an explicit level first, then -v and -q around the configured one. */
export function logOptions(
  options: GlobalOptions,
  { logLevel: configured, logFormat }: Pick<Config['service'], 'logLevel' | 'logFormat'>,
  terminal: Terminal,
): LogOptions {
  const loudness = LOG_LEVELS.indexOf(configured) + options.quiet - options.verbose;
  const least = LOG_LEVELS.indexOf('error');
  // -q alone never hides errors; whoever wants that says --log-level.
  const index = Math.min(Math.max(loudness, 0), Math.max(least, LOG_LEVELS.indexOf(configured)));
  const { stderr, env } = terminal;
  const format = options.logFormat ?? logFormat;
  return {
    level: options.logLevel ?? LOG_LEVELS[index] ?? configured,
    destination: stderr,
    pretty: format === 'auto' ? stderr.isTTY === true : format === 'pretty',
    color: colored(options.color, stderr, env),
  };
}
