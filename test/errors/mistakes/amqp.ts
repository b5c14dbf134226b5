import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { rabbitmqctl } from '../../pipeline/sinks/amqp/a-rabbit.ts';
import { CHECK, type Mistake, type Place, type Section } from '../mistake.ts';

const amqp = (
  title: string,
  url: string | ((place: Place) => string | Promise<string>),
  at: string,
  why: string,
  remedy: string,
): Mistake => ({
  title,
  needs: ['rabbit'],
  yaml: async (place) =>
    `sinks: [{ type: amqp, name: rabbit, url: ${typeof url === 'string' ? `"${url}"` : await url(place)} }]`,
  words: CHECK,
  code: 69,
  told: `✗ amqp rabbit: no broker: ${at}: ${why}; ${remedy}`,
  where: at,
  remedy,
});

/** A user of its own that may do nothing in the root virtual host. */
async function poorUser({ later }: Place): Promise<string> {
  const name = `poor-${randomUUID()}`;
  await rabbitmqctl(['add_user', name, 'p']);
  later(() => rabbitmqctl(['delete_user', name]));
  await rabbitmqctl(['set_permissions', '-p', '/', name, '^$', '^$', '^$']);
  return `"amqp://${name}:p@127.0.0.1:15673/"`;
}

/** An exchange that somebody has declared otherwise. */
async function otherExchange({ later }: Place): Promise<string> {
  const exchange = `other-${randomUUID()}`;
  const model = await connect('amqp://guest:guest@127.0.0.1:15673/');
  const channel = await model.createChannel();
  await channel.assertExchange(exchange, 'fanout', { durable: false });
  later(async () => {
    await channel.deleteExchange(exchange);
    await model.close();
  });
  return `"amqp://guest:guest@127.0.0.1:15673/", exchange: ${exchange}`;
}

export const AMQP: Section = {
  title: 'RabbitMQ',
  about:
    'Of sinks as `hypermeter check` tells it; a program that starts waits for a broker that is away, and says so in its log. nova’s connector says the same.',
  mistakes: [
    amqp(
      'Nobody listens there',
      'amqp://guest:guest@127.0.0.1:1/',
      '127.0.0.1:1, virtual host /',
      'connect ECONNREFUSED 127.0.0.1:1',
      'start the broker or correct host and port',
    ),
    amqp(
      'A host that is none',
      'amqp://guest:guest@rabbit1.invalid/',
      'rabbit1.invalid:5672, virtual host /',
      'getaddrinfo … rabbit1.invalid',
      'check the host name and the DNS',
    ),
    amqp(
      'A wrong password',
      'amqp://guest:hunter2@127.0.0.1:15673/',
      '127.0.0.1:15673, virtual host /',
      'ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile.',
      'check username and password',
    ),
    amqp(
      'A virtual host that is not there',
      'amqp://guest:guest@127.0.0.1:15673/nowhere',
      '127.0.0.1:15673, virtual host nowhere',
      'it was closed at once',
      'the virtual host is not there (rabbitmqctl add_vhost) or closed to the user (rabbitmqctl set_permissions)',
    ),
    {
      ...amqp(
        'A user without the rights',
        poorUser,
        '127.0.0.1:15673, virtual host /',
        '',
        'grant the user configure, write and read permissions on exchange and queue',
      ),
      told: '✗ amqp rabbit: no broker: 127.0.0.1:15673, virtual host /: ACCESS_REFUSED - access to exchange …; grant the user configure, write and read permissions on exchange and queue',
      where: 'amqp rabbit',
    },
    {
      ...amqp('An exchange that was declared otherwise', otherExchange, '127.0.0.1:15673', '', 'exchange'),
      told: '✗ amqp rabbit: …PRECONDITION_FAILED - …exchange…',
      where: 'amqp rabbit',
    },
    amqp(
      'TLS to a port without',
      'amqps://guest:guest@127.0.0.1:15673/',
      '127.0.0.1:15673, virtual host /',
      '…',
      'the port speaks no TLS: use amqp:// or its TLS port',
    ),
    {
      ...amqp(
        'No TLS to a port with it',
        'amqp://guest:guest@127.0.0.1:15671/',
        '127.0.0.1:15671, virtual host /',
        '…',
        'a TLS port needs amqps://',
      ),
      told: '✗ amqp rabbit: no broker: 127.0.0.1:15671, virtual host /: …; it hung up…a TLS port needs amqps://…',
    },
    amqp(
      'A CA that is not known',
      'amqps://guest:guest@localhost:15671/',
      'localhost:15671, virtual host /',
      'self-signed certificate in certificate chain (SELF_SIGNED_CERT_IN_CHAIN)',
      "set tls.caFile to the brokers' CA",
    ),
    amqp(
      'A certificate that has expired',
      async ({ tls, tlsServer }) =>
        `"amqps://guest:guest@localhost:${await tlsServer('expired')}/", tls: { caFile: ${tls}/ca.crt }`,
      'localhost:PORT, virtual host /',
      'certificate has expired (CERT_HAS_EXPIRED)',
      "renew the broker's certificate or check the clocks",
    ),
    amqp(
      'A certificate for another name',
      async ({ tls, tlsServer }) =>
        `"amqps://guest:guest@localhost:${await tlsServer('another name')}/", tls: { caFile: ${tls}/ca.crt }`,
      'localhost:PORT, virtual host /',
      "Hostname/IP does not match certificate's altnames: … (ERR_TLS_CERT_ALTNAME_INVALID)",
      "set tls.serverName to a name in the broker's certificate",
    ),
  ],
};
