import { describe, expect, it } from 'vitest';
import { Audience } from '../../connectors/audience.ts';
import type { Announcement } from '../../connectors/connector.ts';
import { instance, named } from './polls.ts';

const listed = instance(1);
const other = instance(2);
const audience = (): Audience => {
  const made = new Audience('vc1.example.org');
  const host = { ...instance(9), identity: named('ESX2') };
  made.take({ instances: [{ ...listed, identity: { ...named('a'), host: 'esx1.example.org' } }], hosts: [host] });
  return made;
};

describe('an endpoint heeds', () => {
  it.each<[string, boolean, Partial<Announcement>]>([
    ['the end of a VM that it listed', true, { uuid: listed.uuid, what: 'stopping', host: 'elsewhere' }],
    ['the start of one that it listed', true, { uuid: listed.uuid, host: null }],
    ['the end of one that it did not list', false, { what: 'stopping', host: 'esx1' }],
    ['a start on a host of its VMs', true, { host: 'esx1.example.org' }],
    ['a start on that host by its short name', true, { host: 'ESX1' }],
    ['a start on that name elsewhere', false, { host: 'esx1.example.net' }],
    ['a start on a host that it meters, by its long name', true, { host: 'esx2.example.org' }],
    ['a start on a host that it is called by', true, { host: 'vc1' }],
    ['a start on a host that nobody knows', false, { host: 'esx3' }],
    ['a start nobody knows where', false, { host: null }],
  ])('%s: %s', (_, expected, words) => {
    expect(audience().concerns({ uuid: other.uuid, host: null, what: 'started', ...words })).toBe(expected);
  });

  it('who was listed last, and nobody from before', () => {
    const made = audience();
    made.take({ instances: [other], hosts: [] });
    expect(made.concerns({ uuid: listed.uuid, host: 'esx1', what: 'started' })).toBe(false);
    expect(made.concerns({ uuid: other.uuid, host: null, what: 'stopping' })).toBe(true);
  });
});
