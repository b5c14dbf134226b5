import { ProtocolError } from './protocol.ts';
import { checkUpdates, type RrdUpdates, toNumber } from './rrd-updates.ts';
import { readXml, type XmlEvents } from './xml-stream.ts';

/**
 * Reads rrdtool's xport form in pieces:
 * `<xport><meta><start/><step/><end/><rows/><columns/><legend><entry/>…</legend></meta><data><row><t/><v/>…</row>…</data></xport>`.
 * Throws ProtocolError.
 */
export async function decodeRrdXml(chunks: AsyncIterable<Uint8Array>): Promise<RrdUpdates> {
  const legend: string[] = [];
  const rows: { t: unknown; values: unknown[] }[] = [];
  const meta: Record<string, string> = {};
  let isXport = false;
  const events: XmlEvents = {
    open: (name) => {
      if (name === 'xport') isXport = true;
      if (name === 'row') rows.push({ t: null, values: [] });
    },
    close: (name, text) => {
      const row = rows.at(-1);
      if (name === 'entry') legend.push(text);
      else if (name === 'step' || name === 'end') meta[name] ??= text;
      else if (name === 't' && row) row.t = text;
      else if (name === 'v' && row) row.values.push(toNumber(text) ?? text);
    },
  };
  await readXml(chunks, events);
  if (!isXport) throw new ProtocolError('XML that is no xport');
  return checkUpdates({ step: meta.step, end: meta.end, legend, rows });
}
