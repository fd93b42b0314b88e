import { expect, it } from 'vitest';
import { gate } from '../../src/providers/gate.ts';

it('lets no more than its width in at once, and all in the end, in order', async () => {
  const enter = gate(3);
  const began: number[] = [];
  let inside = 0;
  let most = 0;
  const work = (n: number) => async (): Promise<number> => {
    began.push(n);
    most = Math.max(most, (inside += 1));
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
    return n;
  };
  const numbers = Array.from({ length: 20 }, (_, n) => n);
  expect(await Promise.all(numbers.map((n) => enter(work(n))))).toEqual(numbers);
  expect(began).toEqual(numbers);
  expect(most).toBe(3);
});

it('opens again after work that failed', async () => {
  const enter = gate(1);
  await expect(enter(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(enter(async () => 'yes')).resolves.toBe('yes');
});
