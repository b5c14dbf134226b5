import { hyperv } from './hyperv/hyperv.ts';
import { libvirt } from './libvirt/libvirt.ts';
import { nova } from './nova/nova.ts';
import { proxmox } from './proxmox/proxmox.ts';
import { simulator } from './simulator/simulator.ts';
import { vsphere } from './vsphere/vsphere.ts';
import { xenapi } from './xenapi/xenapi.ts';

/** Every kind of hypervisor there is. */
export const CONNECTOR_KINDS = [libvirt, vsphere, xenapi, hyperv, proxmox, nova, simulator] as const;
