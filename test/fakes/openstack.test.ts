import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { available, pythonHome } from '../services/service.ts';
import { CREDENTIAL, FakeOpenStack, USER } from './openstack/openstack.ts';

const here = await available('python');
const run = promisify(execFile);

/** openstacksdk, which brings keystoneauth1 along, lists the hypervisors in pages of two. */
const SCRIPT = `
import json, sys, openstack
given = json.loads(sys.argv[1])
cloud = openstack.connection.Connection(region_name='RegionOne', compute_default_microversion=given.pop('microversion'), **given)
found = list(cloud.compute.hypervisors(details=True, limit=2))
print(json.dumps([[str(h.id), h.name, h.hypervisor_type, h.host_ip, h.state, h.status, (h.service_details or {}).get('host')] for h in found]))
`;

describe.skipIf(!here)('the fake of Keystone and nova, to openstacksdk', () => {
  const fake = new FakeOpenStack({ maxLimit: 2 });
  beforeAll(async () => {
    await fake.up([
      { hostname: 'cmp1.example.org', ip: '192.0.2.11' },
      { hostname: 'cmp2.example.org', ip: '192.0.2.12', state: 'down' },
      { hostname: 'domain-c7.6f1c', ip: '192.0.2.13', type: 'VMware vCenter Server' },
      { hostname: 'cmp4.example.org', ip: '2001:db8::4', status: 'disabled' },
      { hostname: 'xen1', ip: '192.0.2.15', type: 'XenServer' },
    ]);
  });
  afterAll(() => fake.down());

  const list = async (auth: unknown, auth_type: string, microversion: string): Promise<readonly string[][]> => {
    const given = JSON.stringify({ auth_type, auth, microversion });
    const { stdout } = await run(`${pythonHome}/bin/python`, ['-c', SCRIPT, given]);
    return JSON.parse(stdout);
  };
  const { username, password, project } = USER;
  const login = {
    auth_url: '',
    username,
    password,
    project_name: project,
    user_domain_name: 'Default',
    project_domain_name: 'Default',
  };

  it.each(['2.33', '2.53', '2.88'])(
    'is a cloud of five hosts by password, at microversion %s',
    async (microversion) => {
      const found = await list({ ...login, auth_url: fake.authUrl }, 'password', microversion);
      expect(found.map(([, ...rest]) => rest)).toEqual([
        ['cmp1.example.org', 'QEMU', '192.0.2.11', 'up', 'enabled', 'cmp1'],
        ['cmp2.example.org', 'QEMU', '192.0.2.12', 'down', 'enabled', 'cmp2'],
        ['domain-c7.6f1c', 'VMware vCenter Server', '192.0.2.13', 'up', 'enabled', 'domain-c7'],
        ['cmp4.example.org', 'QEMU', '2001:db8::4', 'up', 'disabled', 'cmp4'],
        ['xen1', 'XenServer', '192.0.2.15', 'up', 'enabled', 'xen1'],
      ]);
    },
    60_000,
  );

  it('is one by application credential', async () => {
    const { id, secret } = CREDENTIAL;
    const auth = { auth_url: fake.authUrl, application_credential_id: id, application_credential_secret: secret };
    expect((await list(auth, 'v3applicationcredential', '2.53')).map(([, name]) => name)).toHaveLength(5);
  }, 60_000);

  it('refuses another password', async () => {
    const auth = { ...login, auth_url: fake.authUrl, password: 'other' };
    await expect(list(auth, 'password', '2.53')).rejects.toThrow(/401|Unauthorized|requires authentication/);
  }, 60_000);
});
