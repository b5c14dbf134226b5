import { connect } from 'node:net';
import { type CollectorCost, runCollector } from '../collector-run.ts';
import type { Line, Section } from '../table.ts';
import type { Plan } from './plan.ts';

/** Where `test/services/start-kafka.sh` has it. */
const KAFKA = '127.0.0.1:19092';
const INTERVAL_S = 30;
/** What is computed for: the interval of a large fleet. */
const PAPER = { endpoints: 10_000, intervalS: 60 };

const SIZES = [
  { endpoints: 100, machines: 10 },
  { endpoints: 1000, machines: 10 },
  { endpoints: 100, machines: 50 },
  { endpoints: 300, machines: 50 },
  { endpoints: 1000, machines: 50 },
];
const QUICK_SIZES = [
  { endpoints: 30, machines: 10 },
  { endpoints: 100, machines: 50 },
];

/** One collector with many endpoints, over real sockets to a real Kafka: the program as a whole, measured from outside. */
export async function collectorsSection(plan: Plan): Promise<Section> {
  const title = `A collector of libvirt hosts, polled every ${INTERVAL_S} s`;
  const brokers = process.env.KAFKA_BROKERS ?? KAFKA;
  if (!(await listens(brokers)))
    return { title, lines: [], remarks: [`NOT MEASURED: no Kafka at ${brokers}: test/services/start-kafka.sh`] };
  const costs: CollectorCost[] = [];
  const failed: string[] = [];
  // Once: each takes more than a minute, and what is measured is a sum over thousands of polls.
  for (const size of plan.quick ? QUICK_SIZES : SIZES) {
    const { folder } = plan;
    const run = { brokers, folder, intervalS: INTERVAL_S, measured: 1 };
    try {
      costs.push(await runCollector({ ...run, ...size }));
    } catch (error) {
      // The others are worth printing.
      failed.push(`NOT MEASURED: ${size.endpoints} hosts of ${size.machines} VMs: ${String(error)}`);
    }
  }
  return { title, lines: costs.flatMap(linesOf), remarks: [...failed, onPaper(costs)] };
}

function linesOf(cost: CollectorCost): readonly Line[] {
  const { endpoints, machines, polls, seconds } = cost;
  const line = (what: string, value: number, unit: string): Line => ({
    what: `${endpoints} hosts of ${machines} VMs: ${what}`,
    value,
    unit,
    ratio: null,
    against: '',
  });
  return [
    line('polls', polls / seconds, 'polls/s'),
    line('CPU', cost.cpuMs / polls, 'ms/poll'),
    line('CPU', cost.cpuMs / seconds / 10, '% of a core'),
    line('memory', cost.rssBytes / 1e6, 'MB RSS'),
    line('sockets', cost.sockets, 'sockets'),
    line('received from the hosts', cost.bytesOut / polls / 1e3, 'kB/poll'),
    line('sent to the hosts', cost.bytesIn / polls, 'B/poll'),
    line('raw messages, before compression', cost.sentBytes / polls / 1e3, 'kB/poll'),
    line('from the start until every guest is known', cost.startS, 's'),
    line('due polls began late by', cost.jitterMs, 'ms'),
    line('a look at the metrics: CPU', cost.scrapeCpuMs, 'ms'),
    line('a look at the metrics', cost.scrapeBytes / 1e3, 'kB'),
  ];
}

/** What grows with polls and with endpoints, from the smallest and the largest fleet of the most VMs, on to a larger one. */
function onPaper(costs: readonly CollectorCost[]): string {
  const most = Math.max(...costs.map(({ machines }) => machines));
  const fleets = costs.filter(({ machines }) => machines === most).sort((a, b) => a.endpoints - b.endpoints);
  const [small, large] = [fleets[0], fleets.at(-1)];
  if (small === undefined || large === undefined || small === large) return 'on paper: needs fleets of two sizes';
  const rate = ({ polls, seconds }: CollectorCost): number => polls / seconds;
  const load = ({ cpuMs, seconds }: CollectorCost): number => cpuMs / seconds / 1000;
  const perPoll = (load(large) - load(small)) / (rate(large) - rate(small));
  const perEndpoint = (large.rssBytes - small.rssBytes) / (large.endpoints - small.endpoints);
  const pollsPerS = PAPER.endpoints / PAPER.intervalS;
  const cores = load(large) + perPoll * (pollsPerS - rate(large));
  const memory = large.rssBytes + perEndpoint * (PAPER.endpoints - large.endpoints);
  const traffic = (pollsPerS * large.bytesOut) / large.polls;
  const raw = (pollsPerS * large.sentBytes) / large.polls;
  return (
    `on paper, ${PAPER.endpoints} hosts of ${most} VMs every ${PAPER.intervalS} s: ${cores.toFixed(2)} cores, ` +
    `${(memory / 1e9).toFixed(2)} GB, ${PAPER.endpoints} sockets, ${(traffic / 1e6).toFixed(1)} MB/s from the hosts, ` +
    `${(raw / 1e6).toFixed(1)} MB/s raw; each poll more ${(perPoll * 1e3).toFixed(2)} ms of CPU, ` +
    `each host more ${(perEndpoint / 1e3).toFixed(0)} kB`
  );
}

function listens(brokers: string): Promise<boolean> {
  const [host = '', port = '9092'] = (brokers.split(',')[0] ?? '').split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
