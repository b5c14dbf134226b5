import { describe, expect, it } from 'vitest';
import { diskKey, guidOf, guidsIn, isNoise, vcpuOf, withoutOrdinal } from '../../connectors/wmi-names.ts';

describe('a vCPU', () => {
  it.each([
    ['web:Hv VP 0', { vm: 'web', number: 0, isOther: false }],
    ['a:b:c:Hv VP 12', { vm: 'a:b:c', number: 12, isOther: false }],
    ['odd:Hv VP 1:Hv VP 2', { vm: 'odd:Hv VP 1', number: 2, isOther: false }],
    ['web:Hv VP 0#1', { vm: 'web', number: 0, isOther: true }],
    ['zwei\nZeilen:Hv VP 3', { vm: 'zwei\nZeilen', number: 3, isOther: false }],
  ])('%j', (name, vcpu) => {
    expect(vcpuOf(name)).toEqual(vcpu);
  });

  it.each(['_Total', 'web', 'web:Hv VP ', 'web:Hv VP x', 'web:Root VP 1', ''])('is not %j', (name) => {
    expect(vcpuOf(name)).toBeNull();
  });
});

describe('a disk', () => {
  const key = 'c:-clusterstorage-volume1-vm a-root.vhdx';
  it.each([
    'C:\\ClusterStorage\\Volume1\\vm a\\root.vhdx',
    'c:/clusterstorage/volume1/VM A/root.vhdx',
    '\\\\?\\C:\\ClusterStorage\\Volume1\\vm a\\root.vhdx',
    '--?-C:-ClusterStorage-Volume1-vm a-root.vhdx',
    'C:-ClusterStorage--Volume1-vm a-root.vhdx',
  ])('%s', (path) => {
    expect(diskKey(path)).toBe(key);
  });

  it('on a share', () => {
    expect(diskKey('\\\\?\\UNC\\nas\\vms\\a.vhdx')).toBe(diskKey('\\\\nas\\vms\\a.vhdx'));
    expect(diskKey('--?-UNC-nas-vms-a.vhdx')).toBe('-nas-vms-a.vhdx');
  });
});

describe('a GUID', () => {
  const guid = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
  it('is found, in whatever case and company', () => {
    expect(guidsIn(`web_Network Adapter_${guid.toUpperCase()}--${guid}`)).toEqual([guid, guid]);
    expect(guidOf(`{${guid.toUpperCase()}}`)).toBe(guid);
    expect([guidOf('HV1'), guidOf(null), guidOf(`${guid}-1`)]).toEqual([null, null, null]);
  });
});

it('knows noise and ordinals', () => {
  expect(['_Total', 'HV1__DEVICE_vEthernet', 'x__TEAMNIC_y', 'web'].map(isNoise)).toEqual([true, true, true, false]);
  expect(['web#1', 'web#', 'web#1#2'].map(withoutOrdinal)).toEqual(['web', 'web#', 'web#1']);
});
