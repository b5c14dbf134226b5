import type { Budget } from '../patience.ts';
import { readCounters, type ServiceContent } from './answers.ts';
import type { Client } from './client.ts';
import { type Catalogue, HOST_COUNTERS, resolveCounters, VM_COUNTERS } from './counters.ts';
import { continueRetrieve, retrieveCounters } from './methods.ts';

/** What is asked of VMs and of hosts, in one server's numbers. */
export interface Catalogues {
  readonly vm: Catalogue;
  readonly host: Catalogue;
  readonly absent: readonly string[];
}

/** Reads the server's table of counters, all pages of it, and finds the wanted ones. */
export async function readCatalogues(
  client: Client,
  { propertyCollector, perfManager }: ServiceContent,
  extras: readonly string[],
  budget: Budget,
): Promise<Catalogues> {
  const table = new Map<string, number>();
  let call = retrieveCounters(propertyCollector, perfManager);
  for (;;) {
    const { counters, token } = await client.call(call, readCounters, budget.limit());
    for (const [name, id] of counters) table.set(name, id);
    if (token === null) break;
    call = continueRetrieve(propertyCollector, token);
  }
  const vm = resolveCounters(VM_COUNTERS, extras, table);
  const host = resolveCounters(HOST_COUNTERS, [], table);
  return { vm, host, absent: [...new Set([...vm.absent, ...host.absent])] };
}
