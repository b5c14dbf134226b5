import type { Ref, Value } from './value.ts';

/** A managed object: its properties are made when asked for. */
export interface Managed {
  readonly ref: Ref;
  /** Its own type and those that it inherits from. */
  readonly types: readonly string[];
  /** Names of all its properties, set or not. */
  readonly names: readonly string[];
  /** Undefined: it is unset. */
  property(name: string): Value | undefined;
}

type Maker = () => Value | undefined;

const PARENTS: Readonly<Record<string, readonly string[]>> = {
  ClusterComputeResource: ['ComputeResource', 'ManagedEntity', 'ExtensibleManagedObject'],
  ComputeResource: ['ManagedEntity', 'ExtensibleManagedObject'],
  Datacenter: ['ManagedEntity', 'ExtensibleManagedObject'],
  Datastore: ['ManagedEntity', 'ExtensibleManagedObject'],
  Folder: ['ManagedEntity', 'ExtensibleManagedObject'],
  HostSystem: ['ManagedEntity', 'ExtensibleManagedObject'],
  Network: ['ManagedEntity', 'ExtensibleManagedObject'],
  ResourcePool: ['ManagedEntity', 'ExtensibleManagedObject'],
  VirtualMachine: ['ManagedEntity', 'ExtensibleManagedObject'],
  ContainerView: ['ManagedObjectView', 'View'],
};

/** Properties that an object of the type may have, and has not here. */
const UNSET: Readonly<Record<string, readonly string[]>> = {
  ManagedEntity: ['customValue', 'configIssue', 'permission', 'tag', 'recentTask', 'triggeredAlarmState', 'value'],
  VirtualMachine: [
    'parentVApp',
    'snapshot',
    'rootSnapshot',
    'layout',
    'layoutEx',
    'storage',
    'capability',
    'resourcePool',
  ],
  HostSystem: ['config', 'capability', 'licensableResource', 'systemResources', 'datastoreBrowser'],
};

export function managed(ref: Ref, makers: Readonly<Record<string, Maker>>): Managed {
  const made = new Map<string, Value | undefined>();
  const types = [ref.type, ...(PARENTS[ref.type] ?? [])];
  return {
    ref,
    types,
    names: [...new Set([...Object.keys(makers), ...types.flatMap((type) => UNSET[type] ?? [])])],
    property(name) {
      if (!made.has(name)) made.set(name, makers[name]?.());
      return made.get(name);
    },
  };
}
