import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type ChunkBuffer,
  createPlainChunkBuffer,
  createWasmChunkBuffer,
} from '../../src/linux/pages/chunk-buffer.ts';
import { PAGEMAP_HIGH } from '../../src/linux/pages/pagemap.ts';
import '../support/seed.ts';

const WORDS = 4;
/** High words as the kernel writes them, and any others. */
const high = fc.oneof(
  fc.constantFrom(
    0,
    PAGEMAP_HIGH.present | PAGEMAP_HIGH.exclusive,
    PAGEMAP_HIGH.swapped | PAGEMAP_HIGH.guard,
  ),
  fc.integer(),
);

test('pagemap entries become the same bitmaps on WebAssembly and in TypeScript', () => {
  const buffers = [createWasmChunkBuffer(WORDS), createPlainChunkBuffer(WORDS)] as ChunkBuffer[];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer(), high), { minLength: 32 * WORDS, maxLength: 32 * WORDS }),
      fc.integer({ min: 1, max: WORDS }),
      (pages, words) => {
        const [kernel, script] = buffers.map((buffer) => {
          buffer.entries.set(pages.flat());
          return buffer.extract(words);
        });
        expect(kernel).toEqual(script);
        expect(script.present).toHaveLength(words);
      },
    ),
  );
});
