import { z } from 'zod';

/** `name`: a word of every entry of `connectors:`. */
export const endpointName = z.string().min(1).describe('What it is called in raw data, logs and metrics; each its own');
