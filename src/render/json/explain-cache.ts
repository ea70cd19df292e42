import type { CacheExplanation, JudgedMapper } from '../../analysis/cache/cache-explanation.ts';
import { formatPages } from '../../core/memory/page-list.ts';
import { resultName } from '../../core/rules/kernel-model.ts';
import type { CollapsePolicy } from '../../core/rules/policy.ts';
import { traceString } from '../../core/rules/scan-result.ts';
import { knobName } from '../words/advise/cache-advice.ts';
import { governingFiles } from '../words/cache-words.ts';
import { explainHead } from './explain.ts';
import { hex } from './predict.ts';

/** A range of the page cache explained: its collapse is one of the PMD order, or none. */
export function cacheRangeJson(
  explained: CacheExplanation,
  policy: CollapsePolicy,
  algorithm: string,
): object {
  const { geometry, asked, refusal, plan, model } = explained;
  const window = { offset: 0, order: geometry.pmdOrder };
  const result = plan && resultName(plan.result, model);
  return {
    ...explainHead({ address: Math.max(0, asked.address), geometry }, policy, algorithm),
    ...(refusal === undefined ? {} : { ignored: refusal }),
    ...(result === undefined ? {} : { scan: result, result }),
    visits: [],
    attempts: [],
    collapses: plan?.result === 'SCAN_SUCCEED' ? [window] : [],
    assumed: [],
    pageCache: pageCacheJson(explained),
  };
}

function pageCacheJson(explained: CacheExplanation): object {
  const { file, offset, asked, others, range, plan, geometry, governing, ways } = explained;
  return {
    file: {
      id: asked.vma.mapping.file,
      name: file?.name ?? asked.vma.name,
      kind: file?.kind ?? null,
      filesystem: file?.filesystem ?? null,
      bytes: file?.bytes ?? null,
      hugeMount: file?.hugeMount ?? null,
      unread: file ? (file.unread ?? null) : 'its source says nothing of it',
    },
    offset,
    governedBy: file ? governingFiles(file.kind, governing, geometry) : [],
    mappings: [asked, ...others].map(mappingJson),
    holds: range
      ? {
          present: formatPages(range.present),
          swapPages: range.swapPages ?? null,
          dirtyPages: range.dirtyPages ?? null,
          huge: range.folioOrders ? range.folioOrders[0] === geometry.pmdOrder : null,
          mappedPages: range.mappedPages ?? null,
        }
      : null,
    trace: plan ? traceString(plan.result) : null,
    growthPages: plan?.growthPages ?? null,
    unmappedPages: plan?.unmappedPages ?? null,
    ways: ways.map(({ writes, needsAdvice }) => ({
      writes: writes.map((write) => ({ file: knobName(write, geometry), value: write.word })),
      madvise: needsAdvice,
    })),
    assumed: [
      ...(plan?.result === 'SCAN_SUCCEED' ? ['registration'] : []),
      ...(explained.assumesShmem ? ['shmem'] : []),
      ...explained.unknown,
    ],
  };
}

function mappingJson({
  process,
  vma,
  address,
  refusal,
  isAligned,
  isWhole,
  isAllowed,
}: JudgedMapper): object {
  return {
    pid: process.pid,
    command: process.command,
    start: hex(vma.start),
    end: hex(vma.end),
    offset: vma.mapping.offset,
    address: hex(Math.max(0, address)),
    aligned: isAligned,
    whole: isWhole,
    allowed: isAllowed ?? null,
    madvise: vma.flags.includes('hg'),
    refusal: refusal ?? null,
  };
}
