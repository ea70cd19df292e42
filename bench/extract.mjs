// Bits out of pagemap entries against a copy of the same bytes.
import { createPlainChunkBuffer, createWasmChunkBuffer } from '../build/linux/pages/chunk-buffer.js';
import { median } from './median.mjs';
import { generator } from './occupancies.mjs';

const WORDS = 2048;
const ROUNDS = 51;

export function measureExtract() {
  const buffers = [createWasmChunkBuffer(WORDS), createPlainChunkBuffer(WORDS)];
  const random = generator(1);
  const entries = Int32Array.from({ length: 64 * WORDS }, (_, i) => {
    if (i % 2 === 0) return random();
    return [0, 0x81000000, 0x81000000, 0x80000000, 0x40000000][random() % 5];
  });
  const copy = new Int32Array(entries.length);
  const base = median(ROUNDS, () => copy.set(entries));
  return buffers.map((buffer, i) => {
    buffer.entries.set(entries);
    for (let warm = 0; warm < 50; warm++) buffer.extract(WORDS);
    const time = median(ROUNDS, () => buffer.extract(WORDS));
    const name = i === 0 ? 'extract 512 KiB of pagemap entries : copy' : '  in TypeScript : copy';
    return { name, unit: 'ms', time, base, ratio: time / base };
  });
}
