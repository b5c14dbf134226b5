import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { duration, size } from '../../../../pipeline/runtime/config/units.ts';

/** A small schema with every feature that the loader knows. */
export const fleetSchema = z.strictObject({
  every: duration({ atLeast: '1s' }).prefault('10s').describe('Time between polls.'),
  buffer: size().prefault('64MiB'),
  mode: z.enum(['interpolate', 'anchored']).default('interpolate'),
  brokers: z.union([z.literal('embedded'), z.array(z.string().regex(/^[^:]+:\d+$/))]).default('embedded'),
  librdkafka: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  tls: z.union([z.literal(true), z.strictObject({ caFile: z.string(), verify: z.boolean().default(true) })]).optional(),
  hosts: z
    .array(
      z.discriminatedUnion('type', [
        z.strictObject({ type: z.literal('plain'), name: z.string(), port: z.int().min(1).max(65535).default(80) }),
        z.strictObject({
          type: z.literal('login'),
          name: z.string(),
          url: z.string(),
          password: z.string().meta({ secret: true }),
        }),
      ]),
    )
    .default([]),
});

const folder = mkdtempSync(join(tmpdir(), 'hypermeter-config-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** Writes a file of its own, gone at the end of the run; returns its path. */
export function written(text: string): string {
  const path = join(folder, `${files++}.yaml`);
  writeFileSync(path, text);
  return path;
}
