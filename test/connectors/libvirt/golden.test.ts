import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeDomain } from '../../../connectors/libvirt/decode.ts';
import { readDomainXml } from '../../../connectors/libvirt/domain-xml.ts';
import { decodeAllStats } from '../../../connectors/libvirt/replies.ts';
import { plain } from '../golden.ts';

const FOLDER = new URL('./golden/', import.meta.url);
const TIME = { observedAt: 1_772_964_000_000_000, monotonic: 5_000_000 };

/** Replies to CONNECT_GET_ALL_DOMAIN_STATS and domain XML as libvirt 9.0.0 gave them. */
describe('recorded replies', () => {
  it.each(readdirSync(FOLDER))('%s', (name) => {
    const file = (path: string): URL => new URL(`${name}/${path}`, FOLDER);
    const instances = decodeAllStats(readFileSync(file('reply.bin'))).map((record) => {
      const xml = file(`${record.domain.name}.xml`);
      const identity = existsSync(xml) ? readDomainXml(readFileSync(xml, 'utf8'), 'compute-1') : null;
      const { instance, malformed } = decodeDomain(record, identity, TIME, { hypervisor: 'kvm1', cpu: 'vcpu' });
      expect(malformed).toBe(0);
      return instance;
    });
    expect(plain(instances)).toEqual(JSON.parse(readFileSync(file('expected.json'), 'utf8')));
  });
});
