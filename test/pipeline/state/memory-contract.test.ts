import { describe } from 'vitest';
import { createMemoryStore } from '../../../pipeline/state/memory.ts';
import { handClock } from '../runtime/hand-clock.ts';
import { aLog } from './a-log.ts';
import { storeContract } from './contract.ts';

const quiet = (): void => undefined;

describe('a state in memory keeps the contract', () => {
  storeContract(async (log) => createMemoryStore(log, handClock(1_700_000_000_000_000), 60e6, quiet), aLog);
});
