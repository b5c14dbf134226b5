import { describe, expect, it } from 'vitest';
import { jsonLine } from '../../../pipeline/sinks/json-line.ts';
import { withMetadata } from './a-sample.ts';

describe('json line', () => {
  it('is this text', () => {
    const sample = withMetadata({ n: 'é', big: 2n ** 64n - 1n }, { volume: 18446744073709551615n, flags: ['reset'] });
    expect(jsonLine(sample)).toBe(
      '{"counter_name":"cpu","counter_type":"cumulative","counter_unit":"ns","counter_volume":18446744073709551615,' +
        '"resource_id":"178b0921-8f85-4257-88b6-2e743b5a975c","timestamp":"2026-11-22T14:00:00+00:00",' +
        '"project_id":"p1","project_name":null,"user_id":"u1","user_name":null,"source":"openstack",' +
        '"message_id":"5a1c9d3e-c7a1-51f0-9c3e-0242ac120002","window_start":"2026-11-22T13:59:00+00:00",' +
        '"window_end":"2026-11-22T14:00:00+00:00","coverage":1,"quality":"measured","flags":["reset"],' +
        '"resource_metadata":{"n":"é","big":18446744073709551615}}',
    );
  });

  it('never breaks a line', () => {
    expect(jsonLine(withMetadata({ n: 'a\nb\r\u2028' }))).not.toMatch(/[\n\r]/);
  });
});
