// Digests and sweeps of packed occupancy against plain C walks of the same policies.
import { DigestQuery } from '../build/analysis/digest/digest-query.js';
import { emptyMemoryDigest } from '../build/analysis/digest/memory-digest.js';
import { blockLength, sweepBlock, sweepBlocks } from '../build/analysis/sweep/sweep.js';
import { allNoneLimits, allOrderSets } from '../build/analysis/sweep/sweep-space.js';
import { createPlainDigestBuilder, createWasmDigestBuilder } from '../build/core/digest/builder.js';
import { DigestReader } from '../build/core/digest/reader.js';
import { addDigest } from '../build/core/digest/table.js';
import { x86_64 } from '../build/core/memory/geometry.js';
import { emptyCounts } from '../build/core/plan/policy-counts.js';
import { KERNEL_MODELS } from '../build/core/rules/kernel-model.js';
import { timeWalk } from './c-walk.mjs';
import { median } from './median.mjs';
import { fillOccupancy } from './occupancies.mjs';
import { POLICIES } from './plan.mjs';

const SAMPLE = 16_384;
const TIB_RANGES = 2 ** 40 / 2 ** 21;
const FOLIO_SAMPLE = 2048;

export function measureDigest() {
  const bitmaps = new Uint32Array(SAMPLE * 16);
  fillOccupancy('mixed', bitmaps);
  const ranges = Array.from({ length: SAMPLE }, (_, i) => bitmaps.subarray(i * 16, i * 16 + 16));
  const build = (builder, times, folios, of = ranges) => {
    for (let round = 0; round < times; round++)
      for (const range of of) {
        builder.next.set(range);
        builder.add(folios);
      }
    return builder.finish();
  };
  const walks = timeWalk(bitmaps, 3, POLICIES).map(({ time }) => time);
  const walk = walks.reduce((sum, time) => sum + time, 0) / walks.length;

  // AMD Zen: an entry maps 4 pages, so that folios save some.
  const [wasm, plain] = [createWasmDigestBuilder(x86_64, 4), createPlainDigestBuilder(x86_64, 4)];
  const perRange = (builder) => (1e6 / SAMPLE) * median(15, () => build(builder, 1));
  const folios = new Uint8Array(512).fill(4, 64, 256);
  const few = ranges.slice(0, FOLIO_SAMPLE);
  // Once for nothing: WebAssembly is fast once the engine has compiled it again.
  build(wasm, 2, folios);
  const withFolios = (1e6 / SAMPLE) * median(15, () => build(wasm, 1, folios));
  const withFoliosPlain = (1e6 / FOLIO_SAMPLE) * median(7, () => build(plain, 1, folios, few));

  const reader = new DigestReader(build(wasm, 1));
  const counts = emptyCounts(x86_64);
  const readAll = () => {
    for (let mask = 0; mask < 1024; mask += 4)
      for (let none = 0; none < 512; none++) reader.read(mask, none, counts);
  };
  const read = (1e6 / 131_072) * median(7, readAll);

  const memory = emptyMemoryDigest(x86_64);
  const models = [KERNEL_MODELS['linux-7.2']];
  const space = {
    models,
    enabled: ['always'],
    orders: allOrderSets(x86_64, models),
    maxPtesNone: allNoneLimits(memory),
    maxPtesSwap: 64,
    maxPtesShared: 256,
  };
  const sweep = median(3, () => {
    const host = emptyMemoryDigest(x86_64);
    addDigest(host.classes.unadvised.table, build(wasm, TIB_RANGES / SAMPLE));
    const query = new DigestQuery(host);
    const into = new Float64Array(blockLength(space));
    for (let block = 0; block < sweepBlocks(space); block++) sweepBlock(query, space, block, into);
  });
  const byWalks = (walk * TIB_RANGES * 131_072) / 1e6;
  const row = (name, time, base, aim) => ({ name, unit: 'ns', time, base, ratio: time / base, aim });
  return [
    { ...row('digest mixed, a range : C walk of one policy', perRange(wasm), walk), aimed: '150 ns' },
    row('  in TypeScript : C walk of one policy', perRange(plain), walk),
    { ...row('  with folios : without', withFolios, perRange(wasm)), aim: 4 },
    row('  with folios, in TypeScript : with folios', withFoliosPlain, withFolios),
    { ...row('one policy of a digest : C walk of one range', read, walk), aimed: '1000 ns' },
    {
      name: `131,072 policies of 1 TiB, mixed : C walks (from ${SAMPLE} ranges, ${POLICIES.length} policies)`,
      unit: 'ms',
      time: sweep,
      base: byWalks,
      ratio: sweep / byWalks,
      aimed: '1000 ms',
    },
  ];
}
