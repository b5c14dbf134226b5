import { EndpointError } from '../connector.ts';
import { otherNode } from './protocol.ts';

/** A node does not know what its cluster does; another one may, or this one when it is asked anew. */
export class CutOff extends EndpointError {
  constructor(endpoint: string, told: string) {
    super('unreachable', endpoint, told);
  }
}

/** Throws CutOff if what a node that tells of no cluster gave as `GET /cluster/resources` is a cluster's all the same. */
export function demandLone(resources: unknown, node: string, origin: string, endpoint: string): void {
  const other = otherNode(resources, node);
  if (other === null) return;
  const told = `${origin} tells of no cluster and yet of ${other}: is corosync up there? Look at pvecm status; if ${node} has left its cluster for good, remove what is left of ${other} in /etc/pve/nodes there`;
  throw new CutOff(endpoint, told);
}
