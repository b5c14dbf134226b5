import { isList, membersOf, ProtocolError, type Value } from './protocol.ts';
import { checkUpdates, type RrdUpdates } from './rrd-updates.ts';

/**
 * Reads `{"meta":{"start","step","end","rows","columns","legend":[…]},"data":[{"t":…,"values":[…]}]}`. Numbers are text
 * in newer hosts, and bare in older ones, with NaN and Infinity among them, which JSON does not know. Some have `data`
 * inside of `meta`; the oldest write no quotes around the keys. Throws ProtocolError.
 */
export function decodeRrdJson(text: string): RrdUpdates {
  const { meta, data: beside } = membersOf(parse(text));
  const { step, end, legend, data = beside } = membersOf(meta);
  if (!isList(legend) || !isList(data)) throw new ProtocolError('rrd_updates in JSON without legend or data');
  const rows = data.map((row) => {
    const { t, values } = membersOf(row);
    return { t, values: isList(values) ? values : [] };
  });
  return checkUpdates({ step, end, legend, rows });
}

function parse(text: string): Value {
  try {
    return JSON.parse(text);
  } catch {
    return parseLiteral(text);
  }
}

/**
 * A string, which is left alone, and goes to the end of the text if it has none; or a word that stands where a number or a
 * quoted key should.
 */
const STRING_OR_WORD = /"[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|\\?$)|[+-]?\b(?:nan|inf(?:inity)?)\b|\b[a-z]+\b(?=\s*:)/gi;

function parseLiteral(text: string): Value {
  try {
    return JSON.parse(text.replace(STRING_OR_WORD, (found) => (found.startsWith('"') ? found : `"${found}"`)));
  } catch (cause) {
    throw new ProtocolError('rrd_updates that are neither JSON nor XML', { cause });
  }
}
