import { expect, test } from 'vitest';
import { Gate } from '../../connectors/gate.ts';

const never = new AbortController().signal;

test('a gate lets so many in, and the others in their order', async () => {
  const gate = new Gate(2);
  const inside: number[] = [];
  const leave: ((() => void) | null)[] = [];
  const enter = async (n: number, stop = never) => {
    leave[n] = await gate.enter(stop);
    if (leave[n]) inside.push(n);
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const impatient = new AbortController();
  void enter(0);
  void enter(1);
  void enter(2);
  void enter(3, impatient.signal);
  void enter(4);
  await settled();
  expect(inside).toEqual([0, 1]);
  impatient.abort();
  leave[1]?.();
  await settled();
  expect([inside, leave[3]]).toEqual([[0, 1, 2], null]);
  leave[0]?.();
  leave[2]?.();
  await settled();
  expect(inside).toEqual([0, 1, 2, 4]);
  leave[4]?.();
  await enter(5);
  await enter(6);
  expect(inside).toEqual([0, 1, 2, 4, 5, 6]);
  expect(await gate.enter(impatient.signal)).toBeNull();
});
