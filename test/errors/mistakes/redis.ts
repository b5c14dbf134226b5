import { ownRedis } from '../../pipeline/state/redis/own-redis.ts';
import { CHECK, type Mistake, type Place, type Section } from '../mistake.ts';

const WAITED = '; waited for 5 s: check that it runs, and state.url, sentinel or cluster';

const redis = (
  title: string,
  url: string | ((place: Place) => string | Promise<string>),
  at: string,
  why: string,
  remedy: string,
): Mistake => ({
  title,
  needs: ['redis'],
  yaml: async (place) => `state: { type: redis, url: ${typeof url === 'string' ? `"${url}"` : await url(place)} }`,
  words: CHECK,
  code: 69,
  told: `✗ state redis: Redis at ${at}: ${why}`,
  where: `Redis at ${at}`,
  remedy,
});

/** A server that is told something once it runs. */
async function told({ later }: Place, user: string, ...words: readonly string[]): Promise<string> {
  const server = await ownRedis('--appendonly', 'yes');
  later(() => server.remove());
  await server.start();
  server.cli(...words);
  return `"${server.url.replace('//', user)}"`;
}

const FULL =
  '✗ state redis: Redis at redis://127.0.0.1:PORT throws keys away when it is full (maxmemory-policy allkeys-lru): CONFIG SET maxmemory-policy noeviction';

export const REDIS: Section = {
  title: 'Redis',
  about:
    'As `hypermeter check` tells it; a pipeline that starts waits 15 s for a server that is away, and ends with 69.',
  mistakes: [
    redis(
      'Nobody listens there',
      'redis://127.0.0.1:1',
      'redis://127.0.0.1:1',
      `connect ECONNREFUSED 127.0.0.1:1${WAITED}`,
      'check that it runs, and state.url, sentinel or cluster',
    ),
    redis(
      'A host that is none',
      'redis://redis1.invalid',
      'redis://redis1.invalid',
      `getaddrinfo … redis1.invalid; check the host name and the DNS${WAITED}`,
      'check the host name and the DNS',
    ),
    redis(
      'A wrong password',
      'redis://metering:hunter2@127.0.0.1:16379',
      'redis://metering:***@127.0.0.1:16379',
      'WRONGPASS invalid username-password pair or user is disabled.; check state.username and state.password',
      'check state.username and state.password',
    ),
    redis(
      'No password where one is wanted',
      (place) => told(place, '//', 'config', 'set', 'requirepass', 'x'),
      'redis://127.0.0.1:PORT',
      'NOAUTH …; check state.username and state.password',
      'check state.username and state.password',
    ),
    {
      ...redis(
        'A server that throws state away when it is full',
        (place) => told(place, '//', 'config', 'set', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru'),
        'redis://127.0.0.1:PORT',
        '',
        'CONFIG SET maxmemory-policy noeviction',
      ),
      told: FULL,
    },
    redis(
      'A user without the rights',
      (place) =>
        told(place, '//metering:p@', 'acl', 'setuser', 'metering', 'on', '>p', '~*', '+ping', '+info', '+config|get'),
      'redis://metering:***@127.0.0.1:PORT',
      'NOPERM …; the user needs the rights that docs/operations.md lists',
      'the user needs the rights that docs/operations.md lists',
    ),
    redis(
      'TLS to a port without',
      'rediss://127.0.0.1:16379',
      'rediss://127.0.0.1:16379',
      `it does not answer (a port without TLS keeps silent to rediss://, for one)${WAITED}`,
      'a port without TLS keeps silent to rediss://',
    ),
    redis(
      'No TLS to a port with it',
      'redis://127.0.0.1:16380',
      'redis://127.0.0.1:16380',
      `…; it hung up: a TLS port needs rediss://, and another server is no Redis${WAITED}`,
      'a TLS port needs rediss://',
    ),
    redis(
      'A CA that is not known',
      'rediss://localhost:16380',
      'rediss://localhost:16380',
      "self-signed certificate in certificate chain; set state.tls.caFile to the CA that signed the server's certificate",
      'set state.tls.caFile',
    ),
    redis(
      'A certificate that has expired',
      async ({ tls, tlsServer }) =>
        `"rediss://localhost:${await tlsServer('expired')}", tls: { caFile: ${tls}/ca.crt }`,
      'rediss://localhost:PORT',
      "certificate has expired; renew the server's certificate, or check the clocks",
      "renew the server's certificate",
    ),
    redis(
      'A certificate for another name',
      async ({ tls, tlsServer }) =>
        `"rediss://localhost:${await tlsServer('another name')}", tls: { caFile: ${tls}/ca.crt }`,
      'rediss://localhost:PORT',
      "Hostname/IP does not match certificate's altnames: …; name the server in state.url as its certificate does, or set state.tls.serverName",
      'or set state.tls.serverName',
    ),
  ],
};
