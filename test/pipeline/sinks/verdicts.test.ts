import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../pipeline/model/sample.ts';
import { exactJson } from '../../../pipeline/runtime/json.ts';
import { leavingOut } from '../../../pipeline/sinks/dead-samples.ts';
import { float64 } from '../../../pipeline/sinks/float64.ts';
import { type MessageOptions, type MeterMessage, meterMessage } from '../../../pipeline/sinks/meter-message.ts';
import { unpacked } from '../../../pipeline/sinks/msgpack-reader.ts';
import { packed } from '../../../pipeline/sinks/msgpack-writer.ts';
import { envelopeAround, osloTime } from '../../../pipeline/sinks/oslo/envelope.ts';
import { nestedJson } from '../../../pipeline/sinks/oslo/nested-json.ts';
import { secretFields } from '../../../pipeline/sinks/secret.ts';
import { isSignedBy } from '../../../pipeline/sinks/signature.ts';
import { faultOf, type SampleFault, screen } from '../../../pipeline/sinks/validate.ts';
import { aContext } from './a-context.ts';
import { aSample, withMetadata } from './a-sample.ts';
import { parseLossless } from './lossless-json.ts';

/** What Ceilometer 26.0.0's notification agent did with odd messages, one case at a time. */
interface Verdict {
  readonly layer: string;
  readonly case: string;
  readonly verdict: string;
}
const file = new URL('vectors/validation-verdicts.json', import.meta.url);
const cases: readonly Verdict[] = JSON.parse(readFileSync(file, 'utf8')).cases;
const isAccepted = ({ verdict }: Verdict): boolean => verdict.startsWith('accepted');
const isOf = (layer: string, words: RegExp) => (verdict: Verdict) =>
  verdict.layer === layer && words.test(verdict.case);

const odd = (changes: object): Sample => ({ ...aSample(), ...changes });
const volume = (value: unknown): Sample => odd({ volume: value });
const metadata = (value: unknown): Sample => odd({ resource: { ...aSample().resource, metadata: value } });
const ofResource = (changes: object): Sample => odd({ resource: { ...aSample().resource, ...changes } });
const nested = (depth: number): Record<string, unknown> => (depth === 0 ? {} : { a: nested(depth - 1) });

/** Samples that must not leave: those the agent chokes on, and those that only some receiver takes. */
const REFUSED: Readonly<Record<string, readonly [SampleFault, Sample]>> = {
  'null-counter_name': ['text_malformed', odd({ name: null })],
  'name-int': ['text_malformed', odd({ name: 7 })],
  'name-list': ['text_malformed', odd({ name: ['cpu'] })],
  'null-counter_unit': ['text_malformed', odd({ unit: null })],
  'unit-int': ['text_malformed', odd({ unit: 1 })],
  'unit-list': ['text_malformed', odd({ unit: ['ns'] })],
  'null-message_id': ['text_malformed', odd({ messageId: null })],
  'msgid-int': ['text_malformed', odd({ messageId: 5 })],
  'null-resource_id': ['text_malformed', ofResource({ id: null })],
  'user-int': ['text_malformed', ofResource({ userId: 5 })],
  'user-dict': ['text_malformed', ofResource({ userId: {} })],
  'null-counter_type': ['type_unknown', odd({ type: null })],
  'type-unknown': ['type_unknown', odd({ type: 'unknown' })],
  'type-Gauge': ['type_unknown', odd({ type: 'Gauge' })],
  'type-': ['type_unknown', odd({ type: '' })],
  'type-1': ['type_unknown', odd({ type: 1 })],
  'type-histogram': ['type_unknown', odd({ type: 'histogram' })],
  'null-counter_volume': ['volume_not_finite', volume(null)],
  'vol-list': ['volume_not_finite', volume([1])],
  'vol-dict': ['volume_not_finite', volume({ a: 1 })],
  'vol-empty-list': ['volume_not_finite', volume([])],
  'vol-true': ['volume_not_finite', volume(true)],
  'vol-str-abc': ['volume_not_finite', volume('abc')],
  'vol-str-empty': ['volume_not_finite', volume('')],
  'vol-str-0x10': ['volume_not_finite', volume('0x10')],
  'vol-str-12.5': ['volume_not_finite', volume('12.5')],
  'vol-str-1_000': ['volume_not_finite', volume('1_000')],
  'vol-str-nan': ['volume_not_finite', volume('nan')],
  'vol-str-inf': ['volume_not_finite', volume('inf')],
  'vol-nan': ['volume_not_finite', volume(Number.NaN)],
  'vol-inf': ['volume_not_finite', volume(Number.POSITIVE_INFINITY)],
  'vol--inf': ['volume_not_finite', volume(Number.NEGATIVE_INFINITY)],
  'vol-2^64': ['volume_out_of_range', volume(2n ** 64n)],
  'vol-2^64+1': ['volume_out_of_range', volume(2n ** 64n + 1n)],
  'vol-10^30': ['volume_out_of_range', volume(10n ** 30n)],
  'vol-10^400': ['volume_out_of_range', volume(10n ** 400n)],
  'vol-neg-2^63-1': ['volume_out_of_range', volume(-(2n ** 63n) - 1n)],
  'null-timestamp': ['time_out_of_range', odd({ timestamp: null })],
  'ts-epoch-float': ['time_out_of_range', odd({ timestamp: 1.5 })],
  'ts-garbage': ['time_out_of_range', odd({ timestamp: 'yesterday' })],
  'ts-empty': ['time_out_of_range', odd({ timestamp: '' })],
  'ts-list': ['time_out_of_range', odd({ timestamp: [] })],
  'null-resource_metadata': ['metadata_not_an_object', metadata(null)],
  'meta-list': ['metadata_not_an_object', metadata([1])],
  'meta-empty-list': ['metadata_not_an_object', metadata([])],
  'meta-str': ['metadata_not_an_object', metadata('x')],
  'meta-int': ['metadata_not_an_object', metadata(1)],
  'meta-zero': ['metadata_not_an_object', metadata(0)],
  'meta-false': ['metadata_not_an_object', metadata(false)],
  'meta-lone-surrogate': ['metadata_value', withMetadata({ a: 'x\ud800' })],
  'meta-nan': ['metadata_value', withMetadata({ a: Number.NaN })],
  'meta-10^400': ['metadata_value', withMetadata({ a: 10n ** 400n })],
  'meta-deep300': ['metadata_too_deep', withMetadata(nested(300))],
  'meta-deep5000': ['metadata_too_deep', withMetadata(nested(5000))],
};

/** Samples that leave although something of them is unusual. */
const LEAVES: Readonly<Record<string, Sample>> = {
  good: aSample(),
  'null-user_id': ofResource({ userId: null }),
  'null-project_id': ofResource({ projectId: null }),
  'vol-neg': volume(-5),
  'vol-neg-zero': volume(-0),
  'vol-float-int': volume(5),
  'vol-2^53+1': volume(2n ** 53n + 1n),
  'vol-2^63-1': volume(2n ** 63n - 1n),
  'vol-2^63': volume(2n ** 63n),
  'vol-2^64-1': volume(2n ** 64n - 1n),
  'vol-neg-2^63': volume(-(2n ** 63n)),
  'vol-5e-324': volume(5e-324),
  'meta-empty': withMetadata({}),
  'meta-nested': withMetadata({ a: { b: [{ c: 1 }] } }),
  'meta-unicode': withMetadata({ é: '😀' }),
  'meta-nul': withMetadata({ a: 'x\0y' }),
  'meta-empty-key': withMetadata({ '': 1 }),
  'meta-dotted': withMetadata({ 'a.b': 1 }),
  'meta-100kB': withMetadata({ a: 'x'.repeat(100_000) }),
  'meta-bigint': withMetadata({ a: 2n ** 63n }),
  'ts-future': odd({ timestamp: Date.UTC(2200, 0) * 1000 }),
  'name-empty': odd({ name: '' }),
  'name-space': odd({ name: 'a b' }),
  'name-unicode': odd({ name: 'é😀' }),
  'name-slash': odd({ name: 'a/b' }),
  'name-colon': odd({ name: 'instance:m1' }),
  'name-1000ch': odd({ name: 'n'.repeat(1000) }),
  'unit-empty': odd({ unit: '' }),
  'msgid-dup': aSample(),
  'resource-long': ofResource({ id: 'r'.repeat(10_000) }),
  'resource-slash': ofResource({ id: 'a/b' }),
  'many-2000': aSample(),
};

/** What a message cannot be, whatever its sample is: each case's words, and what holds of every message instead. */
const IMPOSSIBLE: readonly (readonly [
  (verdict: Verdict) => boolean,
  (message: MeterMessage, name: string) => boolean,
])[] = [
  [isOf('values', /^missing-/), (message, name) => Object.hasOwn(message, name.slice('missing-'.length))],
  [isOf('values', /^(bad|no|null)-signature$/), ({ message_signature }) => /^[0-9a-f]{64}$/.test(message_signature)],
  [isOf('values', /^extra-key$/), (message) => Object.keys(message).length === 15],
  [isOf('values', /^extra-publisher_id$/), (message) => !('publisher_id' in message)],
  [isOf('values', /^null-source$/), ({ source }) => typeof source === 'string'],
  [isOf('values', /^mono-str$/), ({ monotonic_time }) => monotonic_time === null],
  [
    isOf('values', /^ts-(Z|space|nanos|epoch-int|naive|offset)$/),
    ({ timestamp }) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00$/.test(timestamp),
  ],
];

/** What is around the messages: the envelope, and the transport whose sinks have tests of their own for it. */
const AROUND = (verdict: Verdict): boolean =>
  verdict.layer === 'envelope' ||
  (verdict.layer === 'broken' && verdict.case !== 'meta-deep5000') ||
  /^(payload|samples|batch)-/.test(verdict.case);

const OPTIONS: MessageOptions = {
  source: 'openstack',
  publisherId: null,
  timestamps: 'zoned',
  annotate: false,
  secret: 's3cr3t',
};

describe('a real agent’s verdicts', () => {
  it('are all looked at, each once', () => {
    expect(cases).toHaveLength(190);
    for (const verdict of cases) {
      const places = [
        verdict.case in REFUSED,
        verdict.case in LEAVES,
        IMPOSSIBLE.some(([isOfIt]) => isOfIt(verdict)),
        AROUND(verdict),
      ];
      expect({ ...verdict, places: places.filter(Boolean).length }).toMatchObject({ places: 1 });
    }
  });

  it.each(cases.filter((verdict) => verdict.case in REFUSED))('$case ($verdict): refused', (verdict) => {
    const [fault, sample] = REFUSED[verdict.case] as [SampleFault, Sample];
    expect(faultOf(sample)).toBe(fault);
  });

  it.each(cases.filter((verdict) => verdict.case in LEAVES))(
    '$case ($verdict): leaves, whole and signed',
    (verdict) => {
      const sample = LEAVES[verdict.case] as Sample;
      expect(isAccepted(verdict)).toBe(true);
      expect(faultOf(sample)).toBeNull();
      const message = meterMessage(sample, OPTIONS);
      expect(message.message_signature).toMatch(/^[0-9a-f]{64}$/);
      expect(isSignedBy({ ...message }, OPTIONS.secret)).toBe(true);
      expect(isSignedBy(parseLossless(exactJson(message)), OPTIONS.secret)).toBe(true);
      expect(isSignedBy(unpacked(packed({ ...message }), float64) as never, OPTIONS.secret)).toBe(true);
    },
  );

  it.each(
    cases.flatMap((verdict) =>
      IMPOSSIBLE.filter(([isOfIt]) => isOfIt(verdict)).map(([, holds]) => ({ ...verdict, holds })),
    ),
  )('$case ($verdict): cannot be said', ({ case: name, holds }) => {
    for (const sample of Object.values(LEAVES)) expect(holds(meterMessage(sample, OPTIONS), name)).toBe(true);
  });

  it('batch-…: what is wrong with a sample does not touch the others', async () => {
    const { context } = aContext();
    const [good, other] = [aSample({ name: 'a' }), aSample({ name: 'b' })];
    const bad = Object.values(REFUSED).map(([, sample]) => sample);
    expect(await screen([good, ...bad, other], leavingOut('amqp', context))).toEqual([good, other]);
  });

  it('the envelope is an object of a version and a text, which is an object', () => {
    const heading = {
      message_id: 'm',
      publisher_id: 'p',
      event_type: 'telemetry.polling',
      priority: 'SAMPLE',
      timestamp: osloTime(0),
      _unique_id: 'u',
    };
    const samples = Object.values(LEAVES).map((sample) => meterMessage(sample, OPTIONS));
    const body = JSON.parse(envelopeAround(heading).join(nestedJson({ samples })));
    expect(Object.keys(body)).toEqual(['oslo.version', 'oslo.message']);
    expect(body['oslo.version']).toBe('2.0');
    const inner = JSON.parse(body['oslo.message']);
    expect(inner).toMatchObject({ event_type: 'telemetry.polling', priority: 'SAMPLE' });
    expect(inner.payload.samples).toHaveLength(Object.keys(LEAVES).length);
  });

  it('no configuration signs with nothing', () => {
    expect(secretFields.secret.safeParse('').success).toBe(false);
  });
});

describe('metadata that no message can hold', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const sparse: unknown[] = [];
  sparse[3] = 1;
  it.each<[string, SampleFault, unknown]>([
    ['a function', 'metadata_value', { a: () => 1 }],
    ['a toJSON of its own', 'metadata_value', { toJSON: () => 1 }],
    ['a symbol', 'metadata_value', { a: Symbol('a') }],
    ['undefined', 'metadata_value', { a: undefined }],
    ['a hole in a list', 'metadata_value', { a: sparse }],
    ['a map', 'metadata_value', { a: new Map() }],
    ['bytes', 'metadata_value', { a: Buffer.from('x') }],
    ['a boxed number', 'metadata_value', { a: Object(1) }],
    ['infinity in a list', 'metadata_value', { a: [[Number.NEGATIVE_INFINITY]] }],
    ['2^64', 'metadata_value', { a: 2n ** 64n }],
    ['2^64 as a double', 'metadata_value', { a: 2 ** 64 }],
    ['less than −2^63', 'metadata_value', { a: -(2n ** 63n) - 1n }],
    ['half a surrogate pair as a key', 'metadata_value', { '\udc00': 1 }],
    ['surrogates in the wrong order', 'metadata_value', { a: '\udc00\ud800' }],
    ['itself', 'metadata_too_deep', cyclic],
    ['300 lists', 'metadata_too_deep', { a: JSON.parse(`${'['.repeat(300)}${']'.repeat(300)}`) }],
    ['10,000 keys', 'metadata_too_large', Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [n, n]))],
    ['long keys', 'metadata_too_large', { ['k'.repeat(300_000)]: 1 }],
  ])('%s', (_what, fault, value) => {
    expect(faultOf(metadata(value))).toBe(fault);
  });
});
