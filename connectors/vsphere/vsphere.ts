import { z } from 'zod';
import { duration } from '../../pipeline/runtime/config/units.ts';
import type { ConnectorContext, ConnectorKind, Endpoint } from '../connector.ts';
import { endpointName } from '../endpoint-name.ts';
import { hostsWord } from '../hosts-word.ts';
import { httpSettings } from '../http-address.ts';
import { httpTlsSchema } from '../http-tls.ts';
import { Accepted } from './accepted.ts';
import { parseUrl } from './address.ts';
import { Afterglow } from './afterglow.ts';
import { openSession } from './session.ts';
import { ARCHIVE_US, SAMPLE_US } from './targets.ts';
import { Turns } from './turns.ts';

/** `connectors: [{ type: vsphere, … }]` */
export const vsphereSchema = z.strictObject({
  name: endpointName,
  type: z.literal('vsphere'),
  url: z
    .string()
    .superRefine((text, context) => {
      try {
        parseUrl(text);
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
      }
    })
    .describe('Of the vCenter, or of one ESXi host: https://vcenter.example.org/sdk'),
  username: z.string().min(1).describe('A user with the role Read-only at the root folder, propagated'),
  password: z.string().min(1).meta({ secret: true }),
  tls: httpTlsSchema,
  backfill: duration({ atMost: '1h', example: '1h' })
    .prefault('1h')
    .describe('How far back to read of a VM that is new to the collector; hosts keep an hour'),
  batch: z
    .strictObject({
      entities: z.int().min(1).max(5000).default(250).describe('VMs in one QueryPerf call, at most'),
      metrics: z.int().min(100).max(50_000).default(5000).describe('Metric ids in one QueryPerf call, at most'),
    })
    .prefault({}),
  concurrency: z.int().min(1).max(8).default(2).describe('QueryPerf calls at once'),
  events: z
    .boolean()
    .default(true)
    .describe('Keep one call waiting for VMs that start, stop, move or get other devices, to poll at once'),
  hosts: hostsWord(),
  counters: z
    .array(z.string().regex(/^\w+\.\w+\.\w+$/, 'is no counter such as mem.active.average'))
    .max(50)
    .default([])
    .describe('Further counters of VMs, by group.name.rollup, for the raw topic'),
});
export type VsphereConfig = z.output<typeof vsphereSchema>;

export const vsphere: ConnectorKind<VsphereConfig> = {
  kind: 'vsphere',
  schema: vsphereSchema,
  create,
  fromUri: (uri) => (uri.protocol === 'vsphere:' ? httpSettings(uri, '/sdk') : undefined),
  recordable: true,
};

function create(config: VsphereConfig, context: ConnectorContext): Endpoint {
  const { name, url, username, password, tls, backfill: backfillUs, batch, concurrency } = config;
  const { events, hosts, counters } = config;
  const accepted = new Accepted();
  const afterglow = new Afterglow();
  const turns = new Turns();
  const told = new Set<string>();
  const onAbsent = (part: string): void => {
    if (told.has(part)) return;
    told.add(part);
    const error = new Error('the server has no such counter: what it is for stays empty');
    context.report({ event: 'part.failed', hypervisor: name, kind: 'vsphere', part, reason: 'absent', error });
  };
  const about = {
    endpoint: name,
    ...parseUrl(url),
    username,
    password,
    tls,
    backfillUs,
    batch,
    concurrency,
    events,
    hosts,
    counters,
  };
  return {
    id: name,
    kind: 'vsphere',
    history: { everyUs: SAMPLE_US, reachUs: ARCHIVE_US, resume: (known) => accepted.resume(known) },
    connect: (signal) => openSession({ ...context, ...about, accepted, afterglow, turns, onAbsent }, signal),
  };
}
