import { z } from 'zod';
import { EndpointError } from '../../connector.ts';
import type { HttpClient } from '../../http-client.ts';
import { authBody, type Credentials } from './credentials.ts';

/** The catalogue of a large cloud in many regions. */
const MOST_BYTES = 4 * 2 ** 20;

const tokenSchema = z.object({
  token: z.object({
    expires_at: z.string(),
    catalog: z
      .array(
        z.object({
          type: z.string(),
          endpoints: z.array(
            z.object({
              interface: z.string(),
              url: z.string(),
              region_id: z.string().nullish(),
              region: z.string().nullish(),
            }),
          ),
        }),
      )
      .default([]),
  }),
});

export interface Token {
  readonly value: string;
  /** Microseconds since 1970, by Keystone's clock. */
  readonly expiresAt: number;
  readonly catalog: z.output<typeof tokenSchema>['token']['catalog'];
}

/** Logs in. `path` is that of the API, `/v3`. Rejects with an EndpointError that says what to do. */
export async function logIn(
  client: HttpClient,
  source: string,
  path: string,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<Token> {
  const answer = await client.request({
    method: 'POST',
    path: `${path}/auth/tokens`,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: authBody(credentials),
    maxBytes: MOST_BYTES,
    signal,
  });
  const { status } = answer;
  const text = await answer.text();
  if (status !== 201 && status !== 200) throw refusal(source, path, status, credentials);
  const value = answer.header('x-subject-token');
  const parsed = tokenSchema.safeParse(jsonOf(text, source, 'Keystone'));
  if (value === undefined || !parsed.success)
    throw new EndpointError('protocol', source, 'Keystone answers with no token: is authUrl that of Keystone?');
  const { expires_at, catalog } = parsed.data.token;
  return { value, expiresAt: Date.parse(expires_at) * 1000, catalog };
}

function refusal(source: string, path: string, status: number, credentials: Credentials): EndpointError {
  if (status === 401) {
    const words =
      'id' in credentials
        ? 'applicationCredentialId and applicationCredentialSecret, and whether it has expired'
        : 'username, userDomain, password and project';
    return new EndpointError('refused', source, `Keystone refuses the login (401): check ${words}`);
  }
  if (status === 404 || status === 300)
    return new EndpointError('protocol', source, `there is no Identity API v3 at ${path} (${status}): check authUrl`);
  const remedy = status >= 500 || status === 429 ? 'see its log' : 'check scope and domains';
  return new EndpointError(status >= 500 ? 'lost' : 'refused', source, `Keystone answers ${status}: ${remedy}`);
}

/** A body as JSON. Throws an EndpointError that says who sends something else. */
export function jsonOf(text: string, source: string, who: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EndpointError('protocol', source, `what ${who} answers is no JSON: check the address`, error);
  }
}

/** The address of a compute service in a catalogue. Throws an EndpointError that names what there is. */
export function computeUrl(
  { catalog }: Token,
  source: string,
  { region, face }: { readonly region: string | undefined; readonly face: string },
): string {
  const all = catalog.filter(({ type }) => type === 'compute').flatMap(({ endpoints }) => endpoints);
  const regionOf = (endpoint: (typeof all)[number]): string => endpoint.region_id ?? endpoint.region ?? '';
  const found = all.filter(
    (endpoint) => endpoint.interface === face && (region === undefined || regionOf(endpoint) === region),
  );
  const [first, second] = found;
  const listed = [...new Set(all.map((endpoint) => `${endpoint.interface} in ${regionOf(endpoint)}`))].join(', ');
  if (first === undefined) {
    const wanted = region === undefined ? `interface ${face}` : `interface ${face} in region ${region}`;
    const message = `the service catalogue has no compute service with ${wanted}; it has ${listed || 'none'}: set region and interface, or endpoint`;
    throw new EndpointError('refused', source, message);
  }
  if (second !== undefined && regionOf(second) !== regionOf(first))
    throw new EndpointError('refused', source, `there are several regions, ${listed}: set region`);
  return first.url;
}
