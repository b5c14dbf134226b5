import { type DiscoveryConfig, nameOf } from '../../connectors/discovery/config.ts';
import { createSource, type SourceContext } from '../../connectors/discovery/create.ts';
import type { ConnectorEntry } from '../../connectors/discovery/discovery.ts';
import { firstOfEach } from '../../connectors/discovery/select.ts';
import type { Rejected, Source } from '../../connectors/discovery/source.ts';
import type { Check, Found } from './checks.ts';
import type { Settings } from './composition.ts';
import { plural } from './human.ts';

/** As many names say what kind of list it is. */
const NAMED = 20;

/** A look at each source of endpoints, and what all of them are once the checks have run. */
export function discoveryChecks(
  config: Settings,
  context: SourceContext,
): {
  readonly checks: readonly Check[];
  readonly found: () => { readonly connectors: Settings['connectors']; readonly doubled: readonly Check[] };
} {
  const found: (readonly ConnectorEntry[])[] = config.discovery.map(() => []);
  const checks = config.discovery.map((entry, index): Check => {
    const source = createSource(entry, context);
    const take = (entries: readonly ConnectorEntry[]): void => {
      found[index] = entries;
    };
    return { what: 'discovery', name: source.name, run: (signal) => look(source, signal, take) };
  });
  const all = () => {
    const placed = [
      ...config.connectors.map((entry) => ({ entry, where: `connectors: ${entry.name}` })),
      ...found.flatMap((entries, index) =>
        entries.map((entry) => ({
          entry,
          where: `${nameOf(config.discovery[index] as DiscoveryConfig)}: ${entry.name}`,
        })),
      ),
    ];
    const { kept, doubled } = firstOfEach(placed);
    // The schema of `connectors:` has made those that were found as well.
    const connectors = kept.map(({ entry }) => entry) as Settings['connectors'];
    return { connectors, doubled: doubled.length === 0 ? [] : [doublesCheck(doubled.map(([, one]) => one))] };
  };
  return { checks, found: all };
}

/** Something is listed twice: the second is not polled, which somebody may not expect. */
const doublesCheck = (doubled: readonly Rejected[]): Check => ({
  what: 'hypervisors',
  name: 'listed twice',
  run: async () => ({
    found: `${doubled.length === 1 ? '1 entry' : `${doubled.length} entries`} left out`,
    warnings: doubled.map(told),
  }),
});

async function look(
  source: Source,
  signal: AbortSignal,
  take: (entries: readonly ConnectorEntry[]) => void,
): Promise<Found> {
  try {
    const { entries, rejected, remarks = [] } = await source.look(signal);
    take(entries);
    const names = entries.slice(0, NAMED).map(({ name, type }) => `${name} (${type})`);
    const more = entries.length > NAMED ? `, and ${entries.length - NAMED} more` : '';
    const list = entries.length === 0 ? '' : `: ${names.join(', ')}${more}`;
    return { found: `${plural(entries.length, 'endpoint')}${list}`, warnings: [...rejected.map(told), ...remarks] };
  } finally {
    await source.close();
  }
}

const told = ({ where, message }: Rejected): string => `${where}: ${message}`;
