import { EventEmitter } from 'node:events';
import { collected } from '../runtime/collected.ts';

/** A terminal that is none: what is printed is collected. */
export const aTerminal = () => ({
  stdout: collected(),
  stderr: collected(),
  env: {},
  signals: new EventEmitter(),
  exit: () => undefined,
});
