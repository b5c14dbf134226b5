import { describe, expect, it } from 'vitest';
import { decodeMessage, decodeReply, ProtocolError } from '../../../connectors/proxmox/protocol.ts';
import { decodeResources } from '../../../connectors/proxmox/resources.ts';
import { decodeRollCall } from '../../../connectors/proxmox/roll-call.ts';
import { stateOf } from '../../../connectors/proxmox/states.ts';
import { guestUuid, nodeUuid, uuidOf } from '../../../connectors/proxmox/uuid.ts';

const guest = (fields: object) => ({
  id: 'qemu/100',
  type: 'qemu',
  vmid: 100,
  node: 'pve1',
  status: 'running',
  ...fields,
});
const read = (...entries: object[]) => decodeResources(entries);

describe('an answer', () => {
  it('keeps counters above 2^53 to the digit, and texts as they are', () => {
    const text =
      '{"data":[{"netin":18446744073709551615,"netout":9007199254740993 ,"diskread":12,"name":"\\"netin\\":1234567890123456,"}]}';
    expect(decodeReply(text)).toEqual([
      { netin: '18446744073709551615', netout: '9007199254740993', diskread: 12, name: '"netin":1234567890123456,' },
    ]);
  });

  it.each(['', '[]', '{"success":1}', '{"data":'])('%j is none', (text) => {
    expect(() => decodeReply(text)).toThrow(ProtocolError);
  });

  it.each([
    ['{"data":null,"message":"Permission check failed (/, Sys.Audit)\\n"}', 'Permission check failed (/, Sys.Audit)'],
    ['{"data":null}', null],
    ['<html>', null],
    ['{"message":"   "}', null],
  ])('%s says %s', (text, words) => expect(decodeMessage(text)).toBe(words));
});

describe('an entry', () => {
  it.each<[string, object, object]>([
    ['a number', { netin: 5 }, { netin: 5n }],
    ['a number as text', { netin: '5' }, { netin: 5n }],
    ['great', { netin: '18446744073709551615' }, { netin: 2n ** 64n - 1n }],
    ['absent', {}, { netin: null }],
    ['null', { netin: null }, { netin: null }],
    ['0', { netin: 0 }, { netin: 0n }],
  ])('counter: %s', (_, fields, counters) => {
    const { guests, malformed } = read(guest(fields));
    expect(guests[0]?.counters).toMatchObject(counters);
    expect(malformed).toBe(0);
  });

  it.each<[string, object]>([
    ['negative', { netin: -1 }],
    ['beyond 64 bits', { netin: '18446744073709551616' }],
    ['rounded already', { netin: 1e18 }],
    ['no number', { netin: 'many' }],
    ['a list', { netin: [1] }],
  ])('counter that makes no sense: %s', (_, fields) => {
    const { guests, malformed } = read(guest(fields));
    expect(guests[0]?.counters.netin).toBeNull();
    expect(malformed).toBe(1);
  });

  it.each(['cpu', 'maxcpu', 'uptime', 'mem'] as const)('%s beyond any machine is missing, and counted', (name) => {
    for (const value of ['1e400', '1e308', '1e15']) {
      const data = decodeReply(`{"data":[${JSON.stringify(guest({ [name]: 0 })).replace('0}', `${value}}`)}]}`);
      const { guests, malformed } = decodeResources(data);
      if (name === 'mem' && value === '1e15') expect(guests[0]?.mem).toBe(10n ** 15n);
      else expect([guests[0]?.[name], malformed]).toEqual([null, 1]);
    }
  });

  it('without a vmid or a node is counted, others are left out', () => {
    const seen = read(
      guest({ vmid: undefined }),
      guest({ node: '' }),
      guest({ vmid: 101, template: 1 }),
      guest({ vmid: 102 }),
      guest({ vmid: 102 }),
      { type: 'storage', storage: 'local', node: 'pve1' },
      { type: 'sdn', sdn: 'zone', node: 'pve1' },
      { type: 'pool', pool: 'gold', cpu: 1 },
      { type: 'openvz', vmid: 5, node: 'pve1' },
    );
    expect(seen.guests.map(({ vmid }) => vmid)).toEqual([102]);
    expect(seen).toMatchObject({ malformed: 2, duplicates: 1, nodes: [] });
  });

  it.each<[object, string]>([
    [{ status: 'online', uptime: 5.5 }, 'online'],
    [{ status: 'offline' }, 'offline'],
    [{ uptime: 5 }, 'online'],
    [{}, 'offline'],
  ])('node %j is %s', (fields, status) => {
    expect(read({ type: 'node', node: 'pve1', ...fields }).nodes[0]).toMatchObject({ name: 'pve1', status });
  });

  it.each([
    ['a;b', ['a', 'b']],
    ['a, b', ['a', 'b']],
    ['', []],
  ])('tags %j', (tags, list) => expect(read(guest({ tags })).guests[0]?.tags).toEqual(list));
});

it('a roll call has those that run', () => {
  const list = [
    { vmid: 1, pid: 7, uptime: 3 },
    { vmid: '2', pid: 8, uptime: 0 },
    { vmid: 3, uptime: 0 },
    { vmid: 4, pid: 9 },
    'x',
  ];
  expect([...decodeRollCall(list, '/nodes/x/qemu').values()]).toEqual([
    { vmid: 1, pid: 7, uptime: 3 },
    { vmid: 2, pid: 8, uptime: 0 },
  ]);
  expect(() => decodeRollCall(null, '/nodes/x/qemu')).toThrow('/nodes/x/qemu gave no list');
});

it.each([
  ['running', 'RUNNING'],
  ['stopped', 'SHUTOFF'],
  ['unknown', 'NOSTATE'],
  ['suspended', 'PAUSED'],
  ['something new', 'NOSTATE'],
])('%s is %s', (status, state) => expect(stateOf(status)).toBe(state));

it('a uuid is version 5, of the cluster and the number alone, and never another one', () => {
  expect(guestUuid('lab', 100).toString('hex')).toMatch(/^.{12}5.{3}[89ab].{15}$/);
  expect(guestUuid('lab', 100)).toEqual(uuidOf('lab/100'));
  expect(guestUuid('lab', 100).toString('hex')).toMatchInlineSnapshot(`"5f231896bf865366b1936b70f36f3bdc"`);
  expect(nodeUuid('lab', 'pve1').toString('hex')).toMatchInlineSnapshot(`"e5d132ad1bfc5d40916d44588e9e28cf"`);
});
