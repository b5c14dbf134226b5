import { expect, it } from 'vitest';

it('comes to its end', () => expect(1 + 1).toBe(2));
