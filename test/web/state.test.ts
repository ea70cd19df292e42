import { effect, signal } from '@preact/signals';
import { describe, expect, test } from 'vitest';
import { oneAtATime } from '../../web/state/one-at-a-time.ts';
import { steady } from '../../web/state/steady.ts';

describe('one question at a time', () => {
  /** Questions as they are asked; each is answered when the test says so. */
  function questions() {
    const asked: { answer: () => void; fail: (error: Error) => void }[] = [];
    const ask = oneAtATime(
      () => new Promise<void>((resolve, reject) => void asked.push({ answer: resolve, fail: reject })),
    );
    return { asked, ask };
  }

  test('however often it is called meanwhile, one more is asked after the answer', async () => {
    const { asked, ask } = questions();
    const first = ask();
    await ask();
    await ask();
    expect(asked).toHaveLength(1);
    asked[0].answer();
    await expect.poll(() => asked.length).toBe(2);
    asked[1].answer();
    await first;
    expect(asked).toHaveLength(2);
  });

  test('a question that fails says so, and does not silence those after it', async () => {
    const { asked, ask } = questions();
    const first = ask();
    asked[0].fail(new Error('no memory is open'));
    await expect(first).rejects.toThrow('no memory is open');
    const second = ask();
    expect(asked).toHaveLength(2);
    asked[1].answer();
    await second;
  });
});

test('a steady value tells of what it says, not of each new object that says the same', () => {
  const link = signal({ from: 1, to: 2, none: 511 });
  const marked = steady(() =>
    link.value.from > 0 ? { from: link.value.from, to: link.value.to } : undefined,
  );
  const heard: unknown[] = [];
  const stop = effect(() => void heard.push(marked.value));
  link.value = { ...link.value, none: 0 };
  link.value = { ...link.value, to: 3 };
  link.value = { ...link.value, from: 0 };
  link.value = { ...link.value, to: 2 };
  link.value = { ...link.value, from: 1 };
  stop();
  expect(heard).toEqual([{ from: 1, to: 2 }, { from: 1, to: 3 }, undefined, { from: 1, to: 2 }]);
});
