import { z } from 'zod';
import { EndpointError } from '../../connector.ts';
import type { HttpClient } from '../../http-client.ts';
import type { Values } from '../template.ts';
import { jsonOf } from './keystone.ts';

/** A thousand hosts with their cpu_info, as microversions before 2.88 have it. */
const MOST_BYTES = 64 * 2 ** 20;
/** More than any cell has; a server that always has a next page ends here. */
const MOST_PAGES = 1000;

/**
 * What is read of GET /os-hypervisors/detail (Compute API 2.33 to 2.88 and later; a hypervisor's id is a number before
 * 2.53, and a uuid since).
 */
const hypervisor = z.object({
  id: z.union([z.string(), z.number()]),
  hypervisor_hostname: z.string().min(1),
  hypervisor_type: z.string(),
  host_ip: z.string().nullish(),
  state: z.string().nullish(),
  status: z.string().nullish(),
  service: z.object({ host: z.string() }).nullish(),
});
export type Hypervisor = z.output<typeof hypervisor>;

const page = z.object({
  hypervisors: z.array(z.unknown()),
  hypervisors_links: z.array(z.object({ rel: z.string(), href: z.string() })).nullish(),
});

export interface Hypervisors {
  readonly hypervisors: readonly Hypervisor[];
  /** What of the list is no hypervisor, in words. */
  readonly odd: readonly string[];
}

/** The token is not, or no longer, good. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
}

export interface ListOptions {
  readonly client: HttpClient;
  readonly source: string;
  /** Of the compute API, `/v2.1`. */
  readonly path: string;
  readonly microversion: string;
  readonly pageSize: number;
}

/** Every hypervisor, page after page. Rejects with TokenRefused or an EndpointError. */
export async function listHypervisors(options: ListOptions, token: string, signal: AbortSignal): Promise<Hypervisors> {
  const found: Hypervisor[] = [];
  const odd: string[] = [];
  const seen = new Set<string>();
  let marker: string | null = null;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const { hypervisors, next } = await onePage(options, token, marker, signal);
    for (const [index, one] of hypervisors.entries()) {
      const parsed = hypervisor.safeParse(one);
      if (parsed.success) found.push(parsed.data);
      else odd.push(`hypervisor ${index} of page ${pages}: ${parsed.error.issues.map(faultIn).join('; ')}`);
    }
    if (next === null) return { hypervisors: found, odd };
    if (seen.has(next)) break;
    seen.add(next);
    marker = next;
  }
  throw new EndpointError('protocol', options.source, 'the pages of the list of hypervisors have no end');
}

const faultIn = ({ path, message }: z.core.$ZodIssue): string => `${path.join('.')}: ${message}`;

async function onePage(
  { client, source, path, microversion, pageSize }: ListOptions,
  token: string,
  marker: string | null,
  signal: AbortSignal,
): Promise<{ readonly hypervisors: readonly unknown[]; readonly next: string | null }> {
  const query = new URLSearchParams({ limit: `${pageSize}`, ...(marker !== null && { marker }) });
  const answer = await client.request({
    method: 'GET',
    path: `${path}/os-hypervisors/detail?${query}`,
    headers: {
      accept: 'application/json',
      'x-auth-token': token,
      'openstack-api-version': `compute ${microversion}`,
      'x-openstack-nova-api-version': microversion,
    },
    maxBytes: MOST_BYTES,
    signal,
  });
  const text = await answer.text();
  const { status } = answer;
  if (status === 401) throw new TokenRefused();
  if (status !== 200) throw refusal(source, status, microversion, path);
  const parsed = page.safeParse(jsonOf(text, source, 'nova'));
  if (!parsed.success)
    throw new EndpointError('protocol', source, `what nova answers at ${path} is no list of hypervisors`);
  const { hypervisors, hypervisors_links: links } = parsed.data;
  const href = links?.find(({ rel }) => rel === 'next')?.href;
  // Of the link the marker alone: its address may be one that is known inside of nova only, and its path was wrong for years.
  return {
    hypervisors,
    next: href === undefined ? null : new URLSearchParams(href.replace(/^[^?]*\?/, '')).get('marker'),
  };
}

function refusal(source: string, status: number, microversion: string, path: string): EndpointError {
  if (status === 403) {
    const remedy =
      'give the user a role that os_compute_api:os-hypervisors:list-detail allows: admin, or a reader that the policy names';
    return new EndpointError('refused', source, `nova does not let this user list hypervisors (403): ${remedy}`);
  }
  if (status === 406)
    return new EndpointError('unsupported', source, `nova has no microversion ${microversion} (406): set microversion`);
  if (status === 404)
    return new EndpointError('protocol', source, `there is no compute API at ${path} (404): check the endpoint`);
  return new EndpointError(status >= 500 ? 'lost' : 'protocol', source, `nova answers ${status}: see its log`);
}

/** What a template may say of a hypervisor. */
export const valuesOf = (one: Hypervisor): Values => ({
  hostname: one.hypervisor_hostname,
  host: one.hypervisor_hostname,
  host_ip: one.host_ip ?? '',
  hypervisor_type: one.hypervisor_type,
  service_host: one.service?.host ?? '',
  state: one.state ?? '',
  status: one.status ?? '',
  id: `${one.id}`,
});
