import { SaxesParser } from 'saxes';
import { decodeRrdAnswer } from '../../../connectors/xenapi/rrd-answer.ts';
import { type Dialect, updatesJson, updatesXml } from '../../fakes/xenapi/rrd-text.ts';
import { rrdUpdates } from '../../fakes/xenapi/rrd-updates.ts';
import { Rrdds } from '../../fakes/xenapi/rrdd.ts';
import { sampleWorld } from '../../fakes/xenapi/sample-world.ts';
import { answer, cpuNs, given } from '../measure.ts';

export interface XenapiParseArgs {
  readonly vms: number;
  /** How a host writes, and how far back it is asked. */
  readonly wording: Dialect | 'xml';
  readonly backS: number;
  readonly times: number;
}

/** CPU time of one answer, nanoseconds: what reading it costs, and the least that it could. */
export interface XenapiParseAnswer {
  readonly bytes: number;
  readonly values: number;
  readonly decodeNs: number;
  readonly floorNs: number;
}

/** As it comes from a socket. */
const PIECE = 65_536;
const ROUNDS = 5;

/** An answer of a host with so many VMs, two hours old. */
function written({ vms, wording, backS }: XenapiParseArgs): { readonly bytes: Buffer; readonly values: number } {
  const startedAt = 1_772_964_000_000_000;
  const world = sampleWorld({ startedAt, hosts: 1, vms });
  const rrdds = new Rrdds(world, { minMax: false, migration: 'unknown' });
  const now = startedAt + 7_210_000_000;
  const host = rrdds.host(0, now);
  if (!host) throw new Error('a host without an RRD');
  const named = [{ prefix: `host:${world.hosts[0]?.uuid}:`, rrd: host }, ...rrdds.resident(0, now)];
  const updates = rrdUpdates(named, { start: -backS, interval: 60, cf: 'AVERAGE' });
  const text = wording === 'xml' ? updatesXml(updates, 15) : updatesJson(updates, { dialect: wording, digits: 15 });
  return { bytes: Buffer.from(text), values: updates.rows.length * updates.legend.length };
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

/** What nobody who wants the values can do without. */
function floorOf(wording: Dialect | 'xml', bytes: Buffer): void {
  if (wording === 'xml') {
    const parser = new SaxesParser({ xmlns: false });
    parser.on('text', () => undefined);
    parser.on('closetag', () => undefined);
    for (let at = 0; at < bytes.length; at += PIECE) parser.write(bytes.toString('latin1', at, at + PIECE));
    parser.close();
  } else JSON.parse(bytes.toString('utf8'));
}

/** Both by turns, so that what else the machine does weighs on both. */
async function measured(times: number, works: readonly (() => unknown)[]): Promise<readonly number[]> {
  const spent = works.map(() => 0);
  for (let round = 0; round < 2 * ROUNDS; round++)
    for (const [i, work] of works.entries()) {
      const since = cpuNs();
      for (let n = 0; n < times / ROUNDS; n++) await work();
      // The first half is for warming up.
      if (round >= ROUNDS) spent[i] = (spent[i] as number) + cpuNs() - since;
    }
  return spent.map((each) => each / (ROUNDS * Math.ceil(times / ROUNDS)));
}

const args = given<XenapiParseArgs>();
const { bytes, values } = written(args);
const isLiteral = args.wording === 'bare' || args.wording === 'unquoted';
// What is no JSON has the floor of the JSON that says the same.
const plain = isLiteral ? written({ ...args, wording: 'strings' }).bytes : bytes;
const [decodeNs = 0, floorNs = 0] = await measured(args.times, [
  () => decodeRrdAnswer(pieces(bytes)),
  () => floorOf(args.wording, plain),
]);
answer({ bytes: bytes.length, values, decodeNs, floorNs } satisfies XenapiParseAnswer);
