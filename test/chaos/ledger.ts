import { expect } from 'vitest';
import type { Fleet } from '../../connectors/simulator/fleet.ts';
import { INTERVAL_S, SERIES, WINDOW_S } from './rig.ts';

/** A line of the file, as far as it is looked at. */
interface Line {
  readonly message_id: string;
  readonly resource_id: string;
  readonly counter_name: string;
  readonly counter_volume: number;
  readonly window_start: string;
  readonly window_end: string;
}

const WINDOW_MS = WINDOW_S * 1000;
/** The simulator's counters by the meter that they come out as. */
const SERIES_OF: Readonly<Record<string, string>> = {
  cpu: 'cpuTime',
  'disk.device.read.bytes': 'readBytes',
  'network.incoming.bytes': 'rxBytes',
};

/**
 * Holds everything that came out to the books: every window of every series once, none missing, deltas that sum to
 * the movement of the total, and a total that is the counter's own. Lines that came twice must be the same to the
 * byte; returns how many did. `gapS`: the longest time between two polls, seconds.
 */
export function expectBalanced(lines: readonly string[], fleet: Fleet, gapS = INTERVAL_S): number {
  const byId = new Map<string, string>();
  for (const line of lines) {
    const { message_id }: Line = JSON.parse(line);
    expect(byId.get(message_id) ?? line, 'what comes again is the same').toBe(line);
    byId.set(message_id, line);
  }
  const bySeries = new Map<string, Line[]>();
  for (const text of byId.values()) {
    const line: Line = JSON.parse(text);
    const key = `${line.resource_id} ${line.counter_name}`;
    bySeries.set(key, [...(bySeries.get(key) ?? []), line]);
  }
  expect(bySeries.size).toBe(2 * SERIES);
  for (const [key, totals] of bySeries) {
    if (key.endsWith('.delta')) continue;
    const deltas = bySeries.get(`${key}.delta`) ?? [];
    expectContiguous(key, totals);
    expectContiguous(key, deltas);
    expectSums(key, totals, deltas);
    for (const total of totals) expectTrue(fleet, total, gapS);
  }
  return lines.length - byId.size;
}

function expectContiguous(key: string, windows: readonly Line[]): void {
  const starts = windows.map(({ window_start }) => Date.parse(window_start)).sort((a, b) => a - b);
  const first = starts[0] as number;
  expect(starts, key).toEqual(starts.map((_, index) => first + index * WINDOW_MS));
}

const byEnd = (a: Line, b: Line): number => Date.parse(a.window_end) - Date.parse(b.window_end);

function exact({ counter_volume }: Line): bigint {
  expect(counter_volume).toBeLessThan(Number.MAX_SAFE_INTEGER);
  return BigInt(counter_volume);
}

function expectSums(key: string, totals: readonly Line[], deltas: readonly Line[]): void {
  const amounts = [...totals].sort(byEnd).map(exact);
  const steps = [...deltas].sort(byEnd).map(exact);
  const moved = (amounts.at(-1) as bigint) - (amounts[0] as bigint);
  expect(
    steps.slice(1).reduce((sum, step) => sum + step, 0n),
    key,
  ).toBe(moved);
  expect(
    steps.every((step) => step >= 0n),
    key,
  ).toBe(true);
}

/** The total at a window's end lies between what the counter was just before and just after it. */
function expectTrue(fleet: Fleet, line: Line, gapS: number): void {
  const uuid = line.resource_id.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/)?.[0].replaceAll('-', '') as string;
  const guest = fleet.guests.find(({ key }) => key === uuid);
  const field = SERIES_OF[line.counter_name] as string;
  const device = { readBytes: guest?.disks[0], rxBytes: guest?.nics[0] }[field];
  const series = device === undefined ? field : `${device}/${field}`;
  const end = Date.parse(line.window_end) * 1000;
  const shown = (at: number): bigint => [...fleet.counterAt(uuid, series, at).values()][0] as bigint;
  // Between two polls the load may change, so that the counter's way is not a straight one.
  const slack = 2 * gapS * 1e6;
  expect(exact(line) >= shown(end - slack), `${line.resource_id} ${line.counter_name} lost something`).toBe(true);
  expect(exact(line) <= shown(end + slack), `${line.resource_id} ${line.counter_name} has too much`).toBe(true);
}
