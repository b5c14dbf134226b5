import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { DEFAULT_SECRET } from './signature.ts';
import { SinkError } from './sink.ts';

/** The signing secret in a sink's configuration: in place, or in a file (a mounted Kubernetes secret). */
export const secretFields = {
  secret: z
    .string()
    .min(1)
    .optional()
    .meta({ secret: true })
    .describe("Ceilometer's telemetry_secret, with which messages are signed; default as there"),
  secretFile: z.string().min(1).optional().describe('File that holds the secret, instead of `secret`'),
};

interface SecretConfig {
  readonly secret?: string | undefined;
  readonly secretFile?: string | undefined;
}

export const hasOneSecret = (config: SecretConfig): boolean =>
  config.secret === undefined || config.secretFile === undefined;

/** What `hasOneSecret` is told as, where a configuration fails it. */
export const ONE_SECRET = { error: 'give secret or secretFile, not both', path: ['secretFile'] };

/** The secret itself, without the newline that ends its file. Rejects with a SinkError where the file cannot be read. */
export async function readSecret(sink: string, { secret, secretFile }: SecretConfig): Promise<string> {
  if (secretFile === undefined) return secret ?? DEFAULT_SECRET;
  const text = await readFile(secretFile, 'utf8').catch((error: unknown) => {
    throw new SinkError(sink, `cannot read secretFile ${secretFile}: check its path and permissions`, error);
  });
  const content = text.replace(/\r?\n$/, '');
  if (content === '') throw new SinkError(sink, `secretFile ${secretFile} is empty: put the telemetry_secret there`);
  return content;
}
