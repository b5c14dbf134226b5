import type { Endpoint } from './endpoint.ts';

/** Takes our own credentials out of what a server says: some repeat what they were sent. */
export function concealing({ auth, headers }: Pick<Endpoint, 'auth' | 'headers'>): (words: string) => string {
  const { password, bearerToken } = auth ?? {};
  const secrets = [password, bearerToken, ...Object.values(headers)].filter((secret) => secret !== undefined);
  const concealed = secrets.filter((secret) => secret.length >= 4);
  return (words) => concealed.reduce((text, secret) => text.replaceAll(secret, '***'), words);
}
