import { expect, test } from 'vitest';
import { cellPaths, svgImage } from '../../src/render/svg/svg-image.ts';

test('cells of a class are lines from cell to cell, row by row', () => {
  const classes = ['a', 'a', 'b', 'a', undefined, 'b', 'b'];
  expect(cellPaths(classes, 3).map(({ text }) => text)).toEqual([
    '<path class="a" d="M0 0.5h2M0 1.5h1"/>',
    '<path class="b" d="M2 0.5h1M2 1.5h1M0 2.5h1"/>',
  ]);
});

test('a picture has its title first, escaped', () => {
  expect(svgImage('a < b', 'map', [3, 2], undefined).text).toBe(
    '<svg role="img" class="map" viewBox="0 0 3 2"><title>a &lt; b</title></svg>',
  );
});
