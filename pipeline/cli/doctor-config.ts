import { accessSync, constants } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { assertFeatures } from '../kafka/features.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ListenAddress } from '../runtime/config/address.ts';
import type { InternalEvent } from '../runtime/events.ts';
import { whyUnreadable } from '../runtime/unreadable.ts';
import { spoolCheck } from './checks.ts';
import type { Settings } from './composition.ts';
import { type Finding, inMiB } from './doctor-machine.ts';
import { endpointsIn, entriesOf } from './endpoints.ts';
import type { AnyConnectorKind, Parts } from './parts.ts';
import { paceOf, pollEndpoint } from './poll-endpoint.ts';

/** What was configured needs of the Kafka client's build. */
export async function featuresFinding(
  { kafka }: Settings,
  { librdkafka }: Pick<Parts, 'librdkafka'>,
): Promise<Finding> {
  const what = 'kafka features';
  try {
    assertFeatures(kafka, (await librdkafka()).features);
    return { what, standing: 'good', told: 'what kafka: asks for is there', remedies: [] };
  } catch (error) {
    return failed(what, error);
  }
}

/** Room for the spool, or that there is none. */
export async function spoolFinding(config: Settings): Promise<Finding> {
  const [check] = spoolCheck(config);
  const what = 'spool';
  if (check === undefined)
    return {
      what,
      standing: 'good',
      told: 'none: what Kafka does not take is kept in memory, up to 64 MiB (collector.spool.directory)',
      remedies: [],
    };
  try {
    const { found, warnings } = await check.run(new AbortController().signal);
    return {
      what,
      standing: warnings.length === 0 ? 'good' : 'odd',
      told: `${check.name}: ${found}`,
      remedies: warnings,
    };
  } catch (error) {
    return failed(what, error);
  }
}

/** Less than this is soon used up by a file of meters. */
const LITTLE_DISK = 2 ** 30;

/** The disks that file sinks write to. */
export const fileFindings = ({ sinks }: Settings): Promise<readonly Finding[]> =>
  Promise.all(
    sinks
      .filter((sink) => sink.type === 'file')
      .map(async ({ path }): Promise<Finding> => {
        const what = 'disk';
        try {
          const { bavail, bsize } = await statfs(dirname(path));
          const free = bavail * bsize;
          const remedies = free < LITTLE_DISK ? ['make room, or let the sink rotate its files'] : [];
          const standing = remedies.length === 0 ? 'good' : 'odd';
          return { what, standing, told: `${inMiB(free)} free for ${path}`, remedies };
        } catch (error) {
          const told = `nothing can be written to ${path}: ${whyUnreadable(error)}`;
          return { what, standing: 'bad', told, remedies: [] };
        }
      }),
  );

/** Whether the operator's port can be opened. */
export async function portFinding(listen: ListenAddress | null): Promise<Finding> {
  const what = 'port';
  if (listen === null) return { what, standing: 'good', told: 'ops.listen is off', remedies: [] };
  const { host, port } = listen;
  const name = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const error = await cannotListen(listen);
  if (error === null) return { what, standing: 'good', told: `${name} is free for ops.listen`, remedies: [] };
  const other = error.code === 'EADDRINUSE' ? await hypermeterAt(name) : null;
  if (other !== null)
    return {
      what,
      standing: 'odd',
      told: `${name}: a Hypermeter ${other} listens there already`,
      remedies: ['see it with: hypermeter top; another process on this machine needs an ops.listen of its own'],
    };
  const reason = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message;
  return {
    what,
    standing: 'bad',
    told: `cannot listen on ${name}: ${reason}`,
    remedies: ['choose another address for ops.listen, or off'],
  };
}

const cannotListen = ({ host, port }: ListenAddress): Promise<NodeJS.ErrnoException | null> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen(port, host, () => server.close(() => resolve(null)));
  });

/** The version of a Hypermeter that answers there; null: it is something else. */
async function hypermeterAt(name: string): Promise<string | null> {
  try {
    const answer = await fetch(`http://${name}/status.json`, { signal: AbortSignal.timeout(2000) });
    const { version } = (await answer.json()) as { readonly version?: unknown };
    return typeof version === 'string' ? version : null;
  } catch {
    // Whatever it is, it does not speak as one.
    return null;
  }
}

/** `ssh` for qemu+ssh://; none of it if no connector wants it. */
export function sshFindings({ connectors }: Settings, path: string): readonly Finding[] {
  if (!connectors.some((entry) => 'uri' in entry && /^[a-z]+\+ssh:/.test(String(entry.uri)))) return [];
  const found = path.split(delimiter).some((folder) => isExecutable(join(folder, 'ssh')));
  const remedies = found ? [] : ['install an ssh client (Debian: openssh-client), or use qemu+tls://'];
  const told = found ? 'in the path, for connectors over ssh' : 'connectors go over ssh, and there is none in the path';
  return [{ what: 'ssh', standing: found ? 'good' : 'bad', told, remedies }];
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for this user.
    return false;
  }
}

/** A clock that is so far off spoils windows (pipeline.maxSkew has the last word). */
const MOST_SKEW_US = 1_000_000;
/** As many endpoints of a kind are asked: they mostly share a time server. */
const ASKED = 2;

/** This machine's clock against those of hypervisors that tell theirs; unknown if none does. */
export async function clockFinding(
  config: Settings | null,
  kinds: readonly AnyConnectorKind[],
  clock: Clock,
  timeoutMs: number,
): Promise<Finding> {
  const what = 'clock';
  const skews = new Map<string, number>();
  const report = (event: InternalEvent): void => {
    if (event.event === 'endpoint.skew') skews.set(event.hypervisor, event.skewUs);
  };
  const entries = entriesOf(config?.connectors ?? [], kinds).filter(({ kind }) => TELLING.includes(kind.kind));
  const asked = TELLING.flatMap((telling) =>
    entries
      .filter(({ kind }) => kind.kind === telling)
      .flatMap((entry) => endpointsIn(entry, { clock, report, pace: paceOf(timeoutMs) }))
      .slice(0, ASKED),
  );
  const plan = { polls: 1, intervalMs: timeoutMs, timeoutMs };
  const outcomes = await Promise.allSettled(
    asked.map((endpoint) => pollEndpoint(endpoint, plan, clock, async () => undefined)),
  );
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [messageOf(outcome.reason)] : []));
  if (skews.size === 0) return unknownClock(config, failures);
  const told = [...skews].map(
    ([name, us]) => `${name} is ${(Math.abs(us) / 1e6).toFixed(3)} s ${us > 0 ? 'ahead' : 'behind'}`,
  );
  const isOff = [...skews.values()].some((us) => Math.abs(us) > MOST_SKEW_US);
  const remedies = isOff
    ? ['set both clocks by NTP (chrony, systemd-timesyncd): readings of the future are left out']
    : [];
  return { what, standing: isOff ? 'odd' : 'good', told: told.join(', '), remedies };
}

/** Kinds whose answers hold their own time. */
const TELLING: readonly string[] = ['vsphere', 'xenapi', 'hyperv'];

function unknownClock(config: Settings | null, failures: readonly string[]): Finding {
  const silent = config === null ? 'no configuration names a machine to ask' : NONE_TELLS;
  const why = failures.length === 0 ? silent : failures.join('; ');
  const remedies = ['see to NTP on this machine: chronyc tracking, or timedatectl'];
  return { what: 'clock', standing: 'unknown', told: `not compared: ${why}`, remedies };
}

const NONE_TELLS = `none of the hypervisors tells its time (${TELLING.join(', ')} do)`;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const failed = (what: string, error: unknown): Finding => ({
  what,
  standing: 'bad',
  told: messageOf(error),
  remedies: [],
});
