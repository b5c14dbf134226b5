import type { Ref } from './value.ts';

const place = (type: string, value: string): Ref => ({ type, value });

/** The objects that are always there, as a vCenter and as an ESX name them (govmomi simulator/vpx, simulator/esx). */
export const PLACES = {
  vcenter: {
    propertyCollector: place('PropertyCollector', 'propertyCollector'),
    viewManager: place('ViewManager', 'ViewManager'),
    setting: place('OptionManager', 'VpxSettings'),
    sessionManager: place('SessionManager', 'SessionManager'),
    perfManager: place('PerformanceManager', 'PerfMgr'),
    searchIndex: place('SearchIndex', 'SearchIndex'),
    rootFolder: place('Folder', 'group-d1'),
    datacenter: place('Datacenter', 'datacenter-3'),
    vmFolder: place('Folder', 'group-v4'),
    hostFolder: place('Folder', 'group-h5'),
    datastoreFolder: place('Folder', 'group-s6'),
    networkFolder: place('Folder', 'group-n7'),
    compute: place('ClusterComputeResource', 'domain-c8'),
    pool: place('ResourcePool', 'resgroup-9'),
    store: place('Datastore', 'datastore-10'),
    network: place('Network', 'network-12'),
  },
  esx: {
    propertyCollector: place('PropertyCollector', 'ha-property-collector'),
    viewManager: place('ViewManager', 'ViewManager'),
    setting: place('OptionManager', 'HostAgentSettings'),
    sessionManager: place('SessionManager', 'ha-sessionmgr'),
    perfManager: place('PerformanceManager', 'ha-perfmgr'),
    searchIndex: place('SearchIndex', 'ha-searchindex'),
    rootFolder: place('Folder', 'ha-folder-root'),
    datacenter: place('Datacenter', 'ha-datacenter'),
    vmFolder: place('Folder', 'ha-folder-vm'),
    hostFolder: place('Folder', 'ha-folder-host'),
    datastoreFolder: place('Folder', 'ha-folder-datastore'),
    networkFolder: place('Folder', 'ha-folder-network'),
    compute: place('ComputeResource', 'ha-compute-res'),
    pool: place('ResourcePool', 'ha-root-pool'),
    store: place('Datastore', '5f3c1d2e-8a7b6c5d-4e3f-0050569a1b2c'),
    network: place('Network', 'HaNetwork-VM Network'),
  },
} as const satisfies Record<'vcenter' | 'esx', Record<string, Ref>>;

export type Places = Record<keyof (typeof PLACES)['vcenter'], Ref>;

export const SERVICE_INSTANCE = place('ServiceInstance', 'ServiceInstance');
