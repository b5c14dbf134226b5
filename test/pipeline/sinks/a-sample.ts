import type { Sample } from '../../../pipeline/model/sample.ts';

/** A good sample of one minute, with what a test wants otherwise. */
export const aSample = (changes: Partial<Sample> = {}): Sample => ({
  name: 'cpu',
  type: 'cumulative',
  unit: 'ns',
  volume: 301230000000n,
  resource: {
    id: '178b0921-8f85-4257-88b6-2e743b5a975c',
    userId: 'u1',
    userName: null,
    projectId: 'p1',
    projectName: null,
    metadata: { display_name: 'web-01', vcpus: 2, flavor: { name: 'm1.small', ram: 2048 } },
  },
  timestamp: Date.UTC(2026, 10, 22, 14, 0, 0) * 1000,
  messageId: '5a1c9d3e-c7a1-51f0-9c3e-0242ac120002',
  windowStart: Date.UTC(2026, 10, 22, 13, 59, 0) * 1000,
  windowEnd: Date.UTC(2026, 10, 22, 14, 0, 0) * 1000,
  since: null,
  coverage: 1,
  quality: 'measured',
  flags: [],
  spread: null,
  revision: 0,
  ...changes,
});

/** A sample with another resource metadata. */
export const withMetadata = (metadata: Sample['resource']['metadata'], changes: Partial<Sample> = {}): Sample =>
  aSample({ resource: { ...aSample().resource, metadata }, ...changes });
