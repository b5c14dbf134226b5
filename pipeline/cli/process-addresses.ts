import { InvalidArgumentError } from 'commander';
import type { Target } from '../page/processes/targets.ts';
import { opsAddress } from '../runtime/ops-client.ts';
import { schema } from './composition.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { type ConfigOptions, loadFor } from './options.ts';
import type { Terminal } from './terminal.ts';

/** Parses one more address of a process, `host:port` or an http address. */
export function addAddress(text: string, earlier: readonly URL[] | undefined): readonly URL[] {
  const url = opsAddress(text);
  if (url === undefined) throw new InvalidArgumentError('expected host:port, or an http address.');
  return [...(earlier ?? []), url];
}

const DNS = /^dns:([a-z0-9_]([a-z0-9._-]*[a-z0-9])?\.?):(\d{1,5})$/i;

/** Parses one more address of a process, or `dns:NAME:PORT` for all that a name has. */
export function addTarget(text: string, earlier: readonly Target[] | undefined): readonly Target[] {
  if (!text.startsWith('dns:')) return [...(earlier ?? []), ...addAddress(text, undefined)];
  const [, name = '', , port = ''] = DNS.exec(text) ?? [];
  if (name === '' || Number(port) < 1 || Number(port) > 65_535)
    throw new InvalidArgumentError('expected dns:NAME:PORT, such as dns:hypermeter-collector:9464.');
  return [...(earlier ?? []), { name, port: Number(port) }];
}

/** Where a configuration has its process answer operators, as it is reached from this machine. */
export async function configuredAddress(options: ConfigOptions, terminal: Terminal): Promise<URL> {
  const { config } = await loadFor('print', options, schema, terminal);
  const { listen } = config.ops;
  if (listen === null)
    throw new CommandFailure(EXIT.usage, 'error: ops.listen is off in this configuration: name an address');
  const host = listen.host === '0.0.0.0' || listen.host === '::' ? '127.0.0.1' : listen.host;
  return new URL(`http://${host.includes(':') ? `[${host}]` : host}:${listen.port}/`);
}
