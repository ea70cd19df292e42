import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Context } from '../../src/cli/shared/context.ts';
import { Screen } from '../../src/cli/watch/screen.ts';

/** A terminal that keeps what is written to it; it may not say how large it is. */
function terminal(rows: number | undefined, columns: number | undefined) {
  const written: string[] = [];
  const stdout = { isTTY: true, rows, columns, write: (text: string) => written.push(text) };
  const screen = new Screen({ process: { stdout } } as unknown as Context);
  return { screen, written };
}

const LINES = ['one', 'two', 'three', 'four'.repeat(10), 'five'];

/** How many lines the cursor goes up before the text. */
const ups = (text: string) => (text.startsWith('\u001b[') ? Number.parseInt(text.slice(2), 10) || 0 : 0);

describe('a screen', () => {
  test('draws over what it drew, as many lines as there is room for, none of them wrapped', async () => {
    const { screen, written } = terminal(5, 12);
    await screen.draw(LINES);
    await screen.draw(LINES.slice(0, 2));
    await screen.draw(LINES);
    const shown = written.map((text) => stripVTControlCharacters(text).split('\n'));
    expect(shown[0]).toEqual(['one', 'two', 'three', 'fourfourfour', '']);
    expect(written.map(ups)).toEqual([0, 4, 2]);
  });

  test('breaks long lines between words, while it draws and at the end', async () => {
    const { screen, written } = terminal(9, 12);
    await screen.draw(['rounds  0 since the start']);
    await screen.finish(['rounds  0 since the start']);
    const shown = written.map((text) => stripVTControlCharacters(text).trimEnd().split('\n'));
    expect(shown[0].map((line) => line.trim())).toEqual(['rounds  0', 'since the', 'start']);
    expect(shown[1].map((line) => line.trim())).toEqual(shown[0].map((line) => line.trim()));
    expect(ups(written[1])).toBe(shown[0].length);
  });

  test('leaves all of it behind at the end', async () => {
    const { screen, written } = terminal(4, 80);
    await screen.draw(LINES);
    await screen.finish(LINES);
    expect(ups(written[1])).toBe(3);
    expect(
      stripVTControlCharacters(written[1])
        .trim()
        .split('\n')
        .map((line) => line.trim()),
    ).toEqual(LINES);
  });

  test.each([
    [undefined, undefined],
    [0, 0],
  ])('is one where the terminal has %s rows', async (rows, columns) => {
    const { screen, written } = terminal(rows, columns);
    await screen.draw(LINES);
    expect(stripVTControlCharacters(written[0])).toContain('four'.repeat(10));
  });
});
