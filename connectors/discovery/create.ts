import type { z } from 'zod';
import type { Clock } from '../../pipeline/runtime/clock.ts';
import type { Environment } from '../../pipeline/runtime/config/interpolate.ts';
import { type DiscoveryConfig, nameOf } from './config.ts';
import type { ConnectorEntry } from './discovery.ts';
import { dnsSource } from './dns-source.ts';
import { type EntryKind, namesSecretFiles, templateFiller } from './entry-template.ts';
import { fileListReader } from './file-list.ts';
import { fileSource } from './file-source.ts';
import type { Credentials } from './nova/credentials.ts';
import { novaSource } from './nova/nova-source.ts';
import type { Source } from './source.ts';

export interface SourceContext {
  readonly clock: Clock;
  /** For `${VAR}` in files of endpoints. */
  readonly env: Environment;
  readonly kinds: readonly EntryKind[];
  /** Of an entry of `connectors:`, whichever its kind. */
  readonly entry: z.ZodType<ConnectorEntry>;
}

/** The source that an entry of `discovery:` stands for. Does no I/O. */
export function createSource(config: DiscoveryConfig, { clock, env, kinds, entry }: SourceContext): Source {
  const { include, exclude, emptyAfter } = config;
  const about = {
    name: nameOf(config),
    refreshMs: config.refresh / 1000,
    timeoutMs: config.timeout / 1000,
    emptyAfter,
    filter: { include, exclude },
  };
  if (config.type === 'file') {
    const fill = config.entry && templateFiller(config.entry, kinds);
    const isUnsettled = config.entry !== undefined && namesSecretFiles(config.entry, kinds);
    return fileSource({ ...about, paths: config.paths, isUnsettled, read: fileListReader(entry, fill, env) });
  }
  const fill = templateFiller(config.entry, kinds);
  if (config.type === 'dns') return dnsSource({ ...about, servers: config.servers, fill });
  const { authUrl, endpoint, region, interface: face, microversion, pageSize, tls } = config;
  const credentials = credentialsOf(config);
  return novaSource({
    ...about,
    clock,
    authUrl,
    credentials,
    endpoint,
    region,
    face,
    microversion,
    pageSize,
    tls,
    fill,
  });
}

function credentialsOf(config: Extract<DiscoveryConfig, { readonly type: 'nova' }>): Credentials {
  const { applicationCredentialId: id, applicationCredentialSecret: secret } = config;
  if (id !== undefined && secret !== undefined) return { id, secret };
  const { username = '', password = '', userDomain, project, projectDomain } = config;
  return {
    username,
    userDomain,
    password,
    project: project === undefined ? null : { name: project, domain: projectDomain },
  };
}
