import { describe, expect, it } from 'vitest';
import { originOf } from '../../../connectors/xenapi/origin.ts';
import {
  readHost,
  readVdi,
  readVm,
  readVmMetrics,
  timeOf,
  uuidOf,
  xapiTime,
} from '../../../connectors/xenapi/records.ts';

const UUID = '0f0e0d0c-0000-4000-8000-000000000001';

describe('records', () => {
  it('are the same from either wire', () => {
    const json = { uuid: UUID, VCPUs_max: 4, domid: 7, is_a_template: false, power_state: 'Running', tags: ['a'] };
    const xml = { ...json, VCPUs_max: '4', domid: '7' };
    expect(readVm(json)).toEqual(readVm(xml));
    expect(readVm(json)).toMatchObject({ vcpusMax: 4, domid: 7, metered: true, residentOn: null, otherConfig: {} });
    expect(readVdi({ virtual_size: '8589934592' })).toEqual(readVdi({ virtual_size: 8589934592 }));
  });

  it('of what is not there are null', () => {
    expect(readVm({ uuid: UUID, domid: -1, metrics: 'OpaqueRef:NULL' })).toMatchObject({ domid: null, metrics: null });
    expect(readVdi({ virtual_size: -1, physical_utilisation: 1.5 })).toEqual({
      virtualSize: null,
      physicalUtilisation: null,
    });
    expect(readVmMetrics({ VCPUs_number: 0, start_time: '19700101T00:00:00Z' })).toEqual({
      vcpus: null,
      startTime: null,
      installTime: null,
    });
    expect(readVm({ uuid: 'x' })).toBeUndefined();
    expect(readVm(null)).toBeUndefined();
    expect(readHost('x')).toBeUndefined();
    expect(readHost({ uuid: UUID, other_config: { boot_time: 'never' }, cpu_info: [] })).toMatchObject({
      bootTime: null,
      cpus: null,
      address: '',
    });
  });

  it.each([
    ['20260308T10:00:00Z', 1_772_964_000_000_000],
    ['2026-03-08T10:00:00Z', 1_772_964_000_000_000],
    ['20260308T10:00:00.25Z', 1_772_964_000_000_000],
    ['yesterday', null],
    [7, null],
  ])('%s is a time', (text, us) => {
    expect(timeOf(text)).toBe(us);
    if (us !== null) expect(xapiTime(us)).toBe('20260308T10:00:00Z');
  });

  it('know a uuid', () => {
    expect(uuidOf(` ${UUID.toUpperCase()}`)).toBe(UUID);
    expect([uuidOf('x'), uuidOf(null), uuidOf(`${UUID}0`)]).toEqual([null, null, null]);
  });
});

it.each([
  ['10.0.0.2', 'https://xs1', 'https://10.0.0.2'],
  ['10.0.0.2', 'https://xs1:8443', 'https://10.0.0.2:8443'],
  ['10.0.0.2:444', 'https://xs1:8443', 'https://10.0.0.2:444'],
  ['fd00::2', 'https://xs1:8443', 'https://[fd00::2]:8443'],
  ['[fd00::2]:444', 'https://xs1', 'https://[fd00::2]:444'],
  ['xs2.example.org', 'http://xs1', 'http://xs2.example.org'],
])('a host at %s of a pool at %s has the origin %s', (address, url, origin) => {
  expect(originOf(address, url)).toBe(origin);
});
