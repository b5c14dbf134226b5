import { type Command, InvalidArgumentError, Option } from 'commander';
import { isLoopback } from '../page/guard.ts';
import { createPageOfSeveral } from '../page/processes/page.ts';
import type { Target } from '../page/processes/targets.ts';
import { type ListenAddress, listenAddress } from '../runtime/config/address.ts';
import { withRuntime } from '../runtime/runtime.ts';
import { EXIT } from './exit.ts';
import { exitsOf } from './long-running.ts';
import { addConfigOptions, type ConfigOptions, type GlobalOptions, logOptions } from './options.ts';
import type { Parts } from './parts.ts';
import { addTarget, configuredAddress } from './process-addresses.ts';
import type { Terminal } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter page collector-0:9464 pipeline-0:9464 pipeline-1:9464
  hypermeter page dns:hypermeter-collector:9464 dns:hypermeter-pipeline:9464 --listen 0.0.0.0:9465
  hypermeter page https://west.example/meters/ kvm9:9464

It listens to the status page of each process' ops.listen, adds them up, and changes nothing; there is no Kafka in it. One that
does not answer is asked again within seconds. Of dns:NAME:PORT it takes every address that NAME has, asked anew every 10 s, such
as a headless Service of Kubernetes; of IPv4 if there are any. /status.json has the verdict and what is wrong, for programs.

Exit codes: 0, also when a signal ended it; ${EXIT.failure} it cannot listen; ${EXIT.usage} the command line is wrong.`;

interface PageCommandOptions extends ConfigOptions, GlobalOptions {
  readonly listen: ListenAddress;
}

export function addPage(program: Command, { version }: Pick<Parts, 'version'>, terminal: Terminal): void {
  addConfigOptions(program.command('page'))
    .description('serve one status page of several processes')
    .argument(
      '[addresses...]',
      'ops.listen of each, host:port or dns:NAME:PORT (default: of the configuration, else 127.0.0.1:9464)',
      addTarget,
    )
    .addOption(
      new Option('--listen <host:port>', 'where to serve it, port 0 for a free one')
        .argParser(listenOption)
        .default({ host: '127.0.0.1', port: 9465 }, '127.0.0.1:9465'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (given: readonly Target[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<PageCommandOptions>();
      const targets = given.length > 0 ? given : [await configuredAddress(options, terminal)];
      await serve(targets, options, version, terminal);
    });
}

function listenOption(text: string): ListenAddress {
  const { data } = listenAddress().safeParse(text);
  if (!data) throw new InvalidArgumentError('expected host:port, such as 127.0.0.1:9465.');
  return data;
}

async function serve(
  targets: readonly Target[],
  options: PageCommandOptions,
  version: string,
  terminal: Terminal,
): Promise<void> {
  const { listen } = options;
  const log = logOptions(options, { logLevel: 'info', logFormat: 'auto' }, terminal);
  const watcher = createPageOfSeveral({ targets, isLoopback: isLoopback(listen.host) });
  const build = { version, node: process.version, librdkafka: 'none' };
  const runtime = { build, listen, listenRemedy: 'choose another --listen', log, watcher };
  await withRuntime(runtime, terminal.signals, exitsOf(terminal), () => ({ parts: [] }));
}
