import { describe, expect, it } from 'vitest';
import { TOKEN, USER } from '../../fakes/proxmox/fake-proxmox.ts';
import { aCluster, guestIn } from './a-cluster.ts';

const NO_TOKEN = { tokenId: undefined, tokenSecret: undefined };

describe('who is not let in', () => {
  it.each<[string, object, RegExp]>([
    [
      'a wrong secret',
      { tokenSecret: 'wrong' },
      /HTTP 401: check that the token metering@pve!hypermeter exists, has this secret/,
    ],
    ['an unknown token', { tokenId: 'metering@pve!other' }, /check that the token metering@pve!other exists/],
    [
      'a wrong password',
      { ...NO_TOKEN, username: USER.username, password: 'wrong' },
      /\/access\/ticket with HTTP 401 \(authentication failure\): check the password of metering@pve/,
    ],
  ])('%s', async (_, words, message) => {
    const { endpoint, connect } = await aCluster();
    const error = await connect(endpoint(words)).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'refused', message: expect.stringMatching(message) });
    expect(String(error)).not.toMatch(/wrong/);
  });

  it('a second factor', async () => {
    const accounts = { [USER.username]: { secret: USER.password, audits: ['/'], secondFactor: true } };
    const { endpoint, connect } = await aCluster({ accounts });
    await expect(connect(endpoint({ ...NO_TOKEN, ...USER }))).rejects.toThrow(/second factor.*use an API token/);
  });

  it.each<[string, readonly string[], RegExp]>([
    [
      'a token without roles',
      [],
      /shows no guest, for want of VM\.Audit: give the token .* the role PVEAuditor at \/, propagated: with privilege separation/,
    ],
    [
      'a token that may not see the cluster',
      ['/vms/100'],
      /HTTP 403 \(Permission check failed \(\/, Sys\.Audit\)\): give the token/,
    ],
  ])('%s', async (_, audits, message) => {
    const { connect } = await aCluster({ accounts: { [TOKEN.tokenId]: { secret: TOKEN.tokenSecret, audits } } });
    await expect(connect()).rejects.toThrow(message);
  });

  it('but who may see some guests only, and is told the name of the cluster, sees those', async () => {
    const accounts = { [TOKEN.tokenId]: { secret: TOKEN.tokenSecret, audits: ['/vms/101'] } };
    const { connect, endpoint, poll } = await aCluster({ accounts });
    const seen = await poll(await connect(endpoint({ cluster: 'lab' })));
    expect(seen.instances).toHaveLength(1);
    expect(guestIn(seen, 101).rows).toHaveLength(1);
    expect(seen.hosts.map(({ rows, state }) => [rows.length, state])).toEqual([
      [0, 'RUNNING'],
      [0, 'RUNNING'],
    ]);
  });

  it('is not tried at the other nodes', async () => {
    const { connect, endpoint, fake } = await aCluster();
    const url = [fake.url('pve1'), fake.url('pve2')];
    await expect(connect(endpoint({ url, tokenSecret: 'wrong' }))).rejects.toThrow(/401/);
    expect(fake.calls).toHaveLength(1);
  });
});

describe('a ticket', () => {
  it('is renewed before its two hours end', async () => {
    const { endpoint, connect, poll, fake } = await aCluster();
    const session = await connect(endpoint({ ...NO_TOKEN, ...USER }));
    for (let n = 0; n < 40; n++) await poll(session, 360);
    expect(fake.access.logins).toBe(3);
    expect(fake.calls.filter(({ user, name }) => user === null && name !== 'POST /access/ticket')).toEqual([]);
  });

  it('that is void is renewed at once, and the poll goes on', async () => {
    const { endpoint, connect, poll, fake } = await aCluster();
    const session = await connect(endpoint({ ...NO_TOKEN, ...USER }));
    await poll(session);
    fake.access.rotate();
    expect((await poll(session)).instances).toHaveLength(4);
    expect(fake.access.logins).toBe(2);
  });
});

describe('nodes', () => {
  it('are tried in turn, and one that failed is tried last', async () => {
    const { endpoint, connect, poll, fake } = await aCluster();
    const url = [fake.url('pve1'), fake.url('pve2')];
    const to = endpoint({ url });
    await fake.down('pve1');
    const session = await connect(to);
    const before = await poll(session);
    await fake.up('pve1');
    await fake.down('pve2');
    await expect(poll(session)).rejects.toMatchObject({ code: expect.stringMatching(/lost|unreachable/) });
    await expect(session.closed).resolves.toMatchObject({ name: 'EndpointError' });
    fake.calls.length = 0;
    const again = await connect(to);
    const after = await poll(again);
    expect(new Set(fake.calls.map(({ node }) => node))).toEqual(new Set(['pve1']));
    // Nothing was forgotten: the processes are known.
    expect(after.calls).toBe(1);
    expect(guestIn(after, 100).epoch).toBe(guestIn(before, 100).epoch);
  });

  it('that are cut off from their cluster are left for others', async () => {
    const { endpoint, connect, fake, world } = await aCluster();
    world.cutOff('pve1');
    await connect(endpoint({ url: [fake.url('pve1'), fake.url('pve2')] }));
    expect(fake.calls.at(-1)?.node).toBe('pve2');
  });

  it('that are cut off from their cluster are taken where no other answers', async () => {
    const { endpoint, connect, fake, world } = await aCluster();
    world.cutOff('pve1');
    await fake.down('pve2');
    await connect(endpoint({ url: [fake.url('pve1'), fake.url('pve2')] }));
    expect(fake.calls.at(-1)?.node).toBe('pve1');
  });

  it('whose corosync is down are left for others', async () => {
    const { endpoint, connect, poll, fake, world } = await aCluster();
    world.setCorosync('pve1', false);
    const session = await connect(endpoint({ url: [fake.url('pve1'), fake.url('pve2')] }));
    expect(guestIn(await poll(session), 100).epoch).toMatch(/^lab\//);
  });

  it.each([1, 2])('whose corosync is down are not taken for lone ones (of %i urls)', async (urls) => {
    const { endpoint, connect, poll, fake, world } = await aCluster();
    world.setCorosync('pve1', false);
    await fake.down('pve2');
    const to = endpoint({ url: [fake.url('pve1'), fake.url('pve2')].slice(0, urls) });
    await expect(connect(to)).rejects.toThrow(/tells of no cluster and yet of pve2: is corosync up there\?/);
    // Nothing was remembered of it.
    world.setCorosync('pve1', true);
    expect(guestIn(await poll(await connect(to)), 100).epoch).toMatch(/^lab\//);
  });

  it('whose corosync stopped are cut off, not renamed', async () => {
    const { endpoint, connect, fake, world } = await aCluster({ guests: 1 });
    const to = endpoint();
    await (await connect(to)).close();
    world.setCorosync('pve1', false);
    const connecting = connect(to);
    await expect(connecting).rejects.toThrow('tells of no cluster, but was of lab: is corosync up there?');
    await expect(connecting).rejects.not.toThrow('set cluster');
    expect(fake.count('GET /cluster/resources')).toBe(0);
  });

  it('that turn out not to be alone are asked again', async () => {
    const { connect, poll, world } = await aCluster({ guests: 1 });
    world.setCorosync('pve1', false);
    const session = await connect();
    await poll(session);
    world.setCorosync('pve1', true);
    await expect(poll(session)).rejects.toThrow('yet of pve2');
    await expect(session.closed).resolves.toMatchObject({ code: 'unreachable' });
  });

  it('of another cluster are not taken for this one', async () => {
    const { endpoint, connect } = await aCluster();
    const other = await aCluster({ cluster: 'other' });
    const bench = await aCluster();
    const to = endpoint({ url: [bench.fake.url(), other.fake.url()] });
    await (await connect(to)).close();
    await bench.fake.down('pve1');
    await expect(connect(to)).rejects.toThrow(
      /nobody listens there.*; .*it was lab: every guest would be another one; set cluster: lab/,
    );
  });
});

describe('answers', () => {
  it.each<[string, object | string, RegExp]>([
    ['no JSON', { status: 200, type: 'text/html', body: '<html>' }, /cannot be read: it is no JSON/],
    ['no data', { status: 200, type: 'application/json', body: '{}' }, /cannot be read: it has no data/],
    ['no list', { status: 200, type: 'application/json', body: '{"data":{}}' }, /gave no list/],
    [
      'another server',
      { status: 404, type: 'text/html', body: 'Not found' },
      /HTTP 404: is it a Proxmox VE node, and its port 8006/,
    ],
    [
      'a node that is not well',
      { status: 500, type: 'application/json', body: '{"data":null,"message":"got no worker upid\\n"}' },
      /HTTP 500 \(got no worker upid\): look at pveproxy/,
    ],
    ['half of one', 'cut', /cut|lost|stopped coming|ends/],
  ])('%s', async (_, reaction, message) => {
    const { connect, poll, fake, world } = await aCluster({ refuseAfterMs: 0 });
    const session = await connect();
    await poll(session);
    fake.react = ({ name }) => (name === 'GET /cluster/resources' ? (reaction as never) : undefined);
    if (reaction === 'cut') setTimeout(() => void fake.down('pve1'), 100);
    await expect(poll(session)).rejects.toThrow(message);
    expect(world.nodes.size).toBe(2);
  });

  it('a poll that is aborted remembers nothing', async () => {
    const { connect, poll, fake, clock } = await aCluster();
    const session = await connect();
    fake.react = ({ name }) => (name === 'GET /cluster/resources' ? 'hang' : undefined);
    await clock.advance(10_000);
    const stop = new AbortController();
    const polling = session.poll(stop.signal);
    stop.abort(new Error('enough'));
    await expect(polling).rejects.toThrow('enough');
    fake.react = undefined;
    expect((await poll(session)).calls).toBe(4);
  });

  it('a roll call that hangs costs three seconds', async () => {
    const { connect, fake, clock } = await aCluster();
    const session = await connect();
    fake.react = ({ name }) => (name === 'GET /nodes/pve2/lxc' ? 'hang' : undefined);
    await clock.advance(10_000);
    const polling = session.poll(AbortSignal.timeout(20_000));
    while (fake.count('GET /nodes/pve2/lxc') === 0 || fake.count('GET /nodes/pve2/qemu') === 0) await clock.advance(0);
    await clock.advance(3000);
    const seen = await polling;
    expect(seen.partial).toMatch(/nodes\/pve2\/lxc/);
    expect(guestIn(seen, 103).rows).toEqual([]);
  });
});
