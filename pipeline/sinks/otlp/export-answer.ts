import type { Answer } from '../push/client.ts';
import { readFields } from '../push/protobuf-reader.ts';
import { oneLine, type Verdict, verdictOf, wordsOf } from '../push/verdict.ts';

/**
 * What an OTLP receiver answers: on 2xx
 *
 *   ExportMetricsServiceResponse { 1: ExportMetricsPartialSuccess { 1: int64 rejected points  2: text } }
 *
 * or nothing at all; else google.rpc.Status { 2: text }, or what some proxy says. Of the 5xx, OTLP has a sender try again
 * after 502, 503 and 504 alone: Prometheus answers 500 to a delta, and would for ever.
 */
export function exportVerdict(answer: Answer, nowUs: number): Verdict {
  if (answer.status === 500) return { is: 'doubtful', words: wordsOf(readable(answer)) };
  const verdict = verdictOf(readable(answer), nowUs);
  if (verdict.is !== 'done' || !isProtobuf(answer)) return verdict;
  const partial = readFields(answer.body)?.get(1);
  if (!Buffer.isBuffer(partial)) return verdict;
  const fields = readFields(partial);
  const rejected = fields?.get(1);
  const words = oneLine(textOf(fields?.get(2)));
  if (typeof rejected === 'bigint' && rejected > 0n) return { is: 'partly', rejected: Number(rejected), words };
  return words === '' ? verdict : { is: 'partly', rejected: 0, words };
}

const isProtobuf = ({ header }: Answer): boolean => header('content-type')?.includes('protobuf') ?? false;

/** A failure whose words are in a Status, with these as its text. */
function readable(answer: Answer): Answer {
  if (!isProtobuf(answer) || answer.status < 300) return answer;
  const body = Buffer.from(textOf(readFields(answer.body)?.get(2)));
  return { ...answer, body, header: (name) => (name === 'content-type' ? 'text/plain' : answer.header(name)) };
}

const textOf = (value: bigint | Buffer | undefined): string => (Buffer.isBuffer(value) ? value.toString('utf8') : '');
