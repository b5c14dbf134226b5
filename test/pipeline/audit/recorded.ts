import { encodeSnapshot } from '../../../avro/codec.ts';
import { absenceAt } from '../../../connectors/simulator/host.ts';
import { observe } from '../../../connectors/simulator/observe.ts';
import { drawsOf } from '../../../connectors/simulator/random.ts';
import { cutPoll, type SliceState } from '../../../connectors/slices.ts';
import type { AuditDeps, LogExtent, Verdict } from '../../../pipeline/audit/audit.ts';
import { audit } from '../../../pipeline/audit/audit.ts';
import type { PublishedFile } from '../../../pipeline/audit/intake.ts';
import type { RawMessage } from '../../../pipeline/audit/replay.ts';
import { createReplay } from '../../../pipeline/audit/replay.ts';
import { select } from '../../../pipeline/model/meters.ts';
import type { Rules } from '../../../pipeline/model/rules.ts';
import { jsonLine } from '../../../pipeline/sinks/json-line.ts';
import { fleetOf, SECOND, SINCE } from '../../connectors/simulator/fleet-of.ts';
import { disturb } from '../disturb.ts';

const INTERVAL = 10 * SECOND;
const PARTITIONS = 2;

/** The raw log of a simulated fleet, polled every ten seconds: some of it twice, some of it late. */
export function logOf(fleetWords: object, minutes: number): readonly RawMessage[] {
  const fleet = fleetOf(fleetWords);
  const known: SliceState = new Map();
  const slicing = {
    partitions: PARTITIONS,
    partitionOf: (uuid: Uint8Array) => (uuid[0] as number) % PARTITIONS,
    collector: 'c',
    generation: 1,
    identityEveryUs: 60_000_000,
  };
  const sent: { readonly at: number; readonly partition: number; readonly value: Buffer }[] = [];
  for (let sequence = 0; sequence < (minutes * 60 * SECOND) / INTERVAL; sequence++) {
    fleet.hosts.forEach((host, index) => {
      const at = SINCE + sequence * INTERVAL + index * SECOND;
      if (absenceAt(host, at)) return;
      const seen = observe(fleet, host, { at, monotonic: at - SINCE });
      const poll = { ...seen, kind: 'simulator', hypervisor: host.id, sequence, scheduledAt: at, interval: INTERVAL };
      cutPoll(known, poll, slicing).forEach((slice, partition) => {
        sent.push({ at, partition, value: encodeSnapshot(slice) });
      });
    });
  }
  let timestampUs = 0;
  return disturb(sent, drawsOf(1), { duplicate: 0.1, reorder: 0.1 }).map(({ at, partition, value }, offset) => {
    timestampUs = Math.max(timestampUs, at);
    return { partition, offset, timestampUs, value };
  });
}

/** What a pipeline that runs undisturbed publishes of a log, a line a sample. */
export function publishedFrom(log: readonly RawMessage[], rules: Rules, meters: readonly string[] = ['*']): string[] {
  const replay = createReplay(rules, { selection: select(meters), gauges: 'last' });
  return log.flatMap((message) => replay.take(message) ?? []).map(jsonLine);
}

/** A file of these lines. */
export const fileOf = (lines: readonly string[], name = 'meters.jsonl'): PublishedFile => {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  return {
    name,
    chunks: async function* () {
      // Pieces that end where they like, as those of a real file do.
      for (let start = 0; start < bytes.length; start += 65_537) yield bytes.subarray(start, start + 65_537);
    },
    lineAt: async (offset) => bytes.toString('utf8', offset, bytes.indexOf(10, offset)),
  };
};

const WHOLE: LogExtent = { since: Number.NEGATIVE_INFINITY, delivered: null };

/** Audits lines against a log in memory. */
export const auditOf = (
  log: readonly RawMessage[],
  published: readonly PublishedFile[],
  rules: Rules,
  over: Partial<AuditDeps> & { readonly extent?: LogExtent } = {},
): Promise<Verdict> =>
  audit({
    raw: {
      open: async () => over.extent ?? WHOLE,
      messages: async function* () {
        for (let first = 0; first < log.length; first += 32) yield log.slice(first, first + 32);
      },
      total: () => log.length,
    },
    published,
    rules,
    deriveRules: { selection: select(['*']), gauges: 'last' },
    lineOf: jsonLine,
    settledAt: Number.NEGATIVE_INFINITY,
    bounds: { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY },
    interval: INTERVAL,
    onProgress: () => undefined,
    // As `logOf` cuts.
    partitionOf: (instance, partitions) => Number.parseInt(instance.slice(0, 2), 16) % partitions,
    ...over,
  });
