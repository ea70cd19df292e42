import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { randomFrom } from '../../core/base/random.ts';
import type { Guest } from '../guest/guest.ts';
import type { BootableKernel } from '../guest/kernels.ts';
import type { CacheSuite } from '../suite-names.ts';
import type { SuiteCount, SuiteOptions } from '../suite-run.ts';
import { cacheRequest } from './batch.ts';
import { type CacheDifference, compareCache, repeatCache } from './conformance.ts';
import { rangesOfCacheBatch } from './report.ts';
import { cacheBatches } from './suite.ts';

/** Asks about the page cache, and adds what came of it to the count. */
export async function runCacheSuite(
  guest: Guest,
  kernel: BootableKernel,
  suite: CacheSuite,
  { ranges, seed }: Pick<SuiteOptions, 'ranges' | 'seed'>,
  count: SuiteCount,
  onProgress: (done: number, of: number) => void,
): Promise<Result<SuiteCount>> {
  if (suite === 'files' && !guest.features.has('disk')) {
    const message = `${kernel.version} has no disk here: its virtio_blk.ko is not beside it`;
    return fail('unsupported', message);
  }
  for (const batch of cacheBatches(suite, ranges, randomFrom(seed))) {
    onProgress(count.of, ranges);
    const compared = await compareCache(guest, batch, kernel.model);
    if (!compared.ok) return compared;
    const repeated = await repeatCache(guest, batch, kernel.model, compared.value);
    if (!repeated.ok) return repeated;
    const of = rangesOfCacheBatch(batch);
    const agree = of - compared.value.filter(({ index }) => index !== undefined).length;
    count.of += of;
    count.agree += agree;
    const column = count.columns.get(`none=${batch.maxPtesNone}`);
    if (column) {
      column.of += of;
      column.agree += agree;
    }
    for (const kind of ['passing', 'lasting'] as const) {
      const differences = repeated.value[kind];
      count[kind] += differences.length;
      count.differences.push(...differences.map((each) => differenceOf(kind, each)));
    }
  }
  return succeed(count);
}

function differenceOf(
  kind: 'passing' | 'lasting',
  { batch, real, model }: CacheDifference,
): SuiteCount['differences'][number] {
  return { kind, name: undefined, request: cacheRequest(batch), real, model };
}
