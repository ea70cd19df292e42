import { describe, expect, test } from 'vitest';
import { oneAtATime } from '../../web/state/one-at-a-time.ts';

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
