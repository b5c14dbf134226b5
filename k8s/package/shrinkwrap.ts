import { z } from 'zod';

const lockSchema = z.looseObject({
  lockfileVersion: z.literal(3),
  packages: z.record(z.string(), z.looseObject({ dev: z.boolean().optional(), optional: z.boolean().optional() })),
});

/**
 * npm-shrinkwrap.json for a package: a lock file without what only its developers install, and without what is
 * optional where that is not there. Throws a ZodError for a
 * lock file of another version. Format: npm's package-lock.json, version 3.
 */
export function shrinkwrap(lock: unknown, lacksOptional = false): Readonly<Record<string, unknown>> {
  const parsed = lockSchema.parse(lock);
  const { devDependencies: _, optionalDependencies, ...root } = parsed.packages[''] ?? {};
  const needed = Object.entries(parsed.packages).filter(
    ([path, { dev, optional }]) => path !== '' && dev !== true && !(lacksOptional && optional),
  );
  return {
    ...parsed,
    packages: { '': lacksOptional ? root : { ...root, optionalDependencies }, ...Object.fromEntries(needed) },
  };
}
