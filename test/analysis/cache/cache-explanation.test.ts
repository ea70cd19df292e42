import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { predictMemory } from '../../../src/analysis/prediction/prediction.ts';
import { x86_64 } from '../../../src/core/memory/geometry.ts';
import { asOrder } from '../../../src/core/memory/order.ts';
import { HUGE_MOUNT_WORDS, SHMEM_SIZE_WORDS, SHMEM_WORDS } from '../../../src/core/rules/shmem-settings.ts';
import { processItem, streamOf } from '../streams.ts';
import {
  BUFFERS,
  explained,
  fileItems,
  PAGES,
  RANGE,
  SEGMENT,
  shmemPolicy,
  TABLE,
  TMPFS,
} from './cached-memory.ts';
import { mappingItem } from './items.ts';

describe('an explanation of a range of the page cache', () => {
  test('comes to what a prediction of the file comes to, whatever governs it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(BUFFERS, SEGMENT, TMPFS, TABLE),
        fc.constantFrom(...SHMEM_WORDS),
        fc.constantFrom(...SHMEM_SIZE_WORDS),
        fc.constantFrom(...HUGE_MOUNT_WORDS),
        fc.constantFrom('always' as const, 'madvise' as const, 'never' as const),
        fc.constantFrom([], ['hg'], ['nh']),
        fc.integer({ min: 1, max: PAGES }),
        fc.integer({ min: 0, max: PAGES - 1 }),
        async (kind, top, size, hugeMount, enabled, flags, pages, maxPtesNone) => {
          const file = kind.kind === 'tmpfs' ? { ...kind, hugeMount } : kind;
          const policy = shmemPolicy(top, size, { enabled, maxPtesNone });
          const items = [mappingItem(file, { flags }), ...fileItems(file, pages)];
          const { plan, refusal } = explained(items, policy);
          const { cache } = await predictMemory(streamOf([processItem(1), ...items]), x86_64, policy);
          const tally = cache?.byKind.get(file.kind);
          const refused = tally?.refused.keys().next().value;
          expect(plan?.result === 'SCAN_SUCCEED' ? 1 : 0).toBe(tally?.collapses);
          if (plan?.result !== 'SCAN_SUCCEED') expect(refusal ?? plan?.result).toBe(refused);
          else expect(plan.growthPages).toBe(tally?.growthPages);
        },
      ),
    );
  });

  test('names settings that do allow it, and none of anonymous memory', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(BUFFERS, SEGMENT, TMPFS, TABLE),
        fc.constantFrom(...SHMEM_WORDS),
        fc.constantFrom(...SHMEM_SIZE_WORDS),
        fc.constantFrom([], ['hg']),
        (file, top, size, flags) => {
          const policy = shmemPolicy(top, size, { enabled: 'never' });
          const { refusal, ways } = explained([mappingItem(file, { flags }), ...fileItems(file, 1)], policy);
          if (refusal === undefined) return;
          expect(ways.length).toBeGreaterThan(0);
          for (const { writes, needsAdvice } of ways) {
            let [after, changed] = [policy, file];
            for (const { knob, word } of writes) {
              const { settings, shmem } = after;
              if (!shmem) throw new Error('a policy of shared memory');
              if (knob === 'enabled') after = { ...after, settings: { ...settings, enabled: word } };
              if (knob === 'shmem') after = { ...after, shmem: { ...shmem, enabled: word } };
              if (knob === 'shmem-size')
                after = { ...after, shmem: { ...shmem, sizes: new Map([[asOrder(9), word]]) } };
              if (knob === 'mount') changed = { ...changed, hugeMount: word };
              if (knob === 'enabled') expect(file.kind).toBe('file');
            }
            const advised = mappingItem(changed, { flags: needsAdvice ? ['hg'] : flags });
            expect(explained([advised, ...fileItems(changed, 1)], after).refusal).toBe(undefined);
          }
        },
      ),
    );
  });

  test('finds the range of the file behind the page asked about, also where the mapping is not aligned', () => {
    const page = 4096;
    const items = [
      mappingItem(BUFFERS, { start: 8 * RANGE + page }),
      processItem(2),
      mappingItem(BUFFERS, { start: 20 * RANGE, end: 24 * RANGE }),
      processItem(3),
      mappingItem(BUFFERS, {
        start: 20 * RANGE,
        end: 21 * RANGE,
        mapping: { file: BUFFERS.id, offset: 2 * RANGE },
      }),
      ...fileItems(BUFFERS, PAGES, { offset: RANGE }),
    ];
    const { asked, others, offset, plan } = explained(items, shmemPolicy('always'), 9 * RANGE + 2 * page);
    expect(offset).toBe(RANGE);
    expect(asked).toMatchObject({ isAligned: false, isWhole: true, refusal: 'alignment' });
    expect(others.map(({ process, refusal }) => [process.pid, refusal])).toEqual([[2, undefined]]);
    expect(plan).toMatchObject({ result: 'SCAN_SUCCEED', unmappedPages: PAGES });
  });

  test('says which part of the range a mapping has, and that nothing of a range is in memory', () => {
    const cut = mappingItem(BUFFERS, { end: 10 * RANGE + 4096 });
    const edge = explained([cut, ...fileItems(BUFFERS, 1)], shmemPolicy('always'), 10 * RANGE);
    expect(edge).toMatchObject({ refusal: 'vma-edge', range: undefined, asked: { isWhole: false } });
    const empty = explained([cut, ...fileItems(BUFFERS, 1)], shmemPolicy('always'), 9 * RANGE);
    expect(empty.plan?.result).toBe('SCAN_EXCEED_NONE_PTE');
  });

  test('of a VMA takes the first whole range with pages', () => {
    const items = [mappingItem(BUFFERS), ...fileItems(BUFFERS, 7, { offset: 2 * RANGE })];
    expect(explained(items, shmemPolicy('always'), 8 * RANGE, 12 * RANGE).offset).toBe(2 * RANGE);
  });

  test('knows of a file that could not be read what the mapping says', () => {
    const mapped = mappingItem(BUFFERS, { start: 8 * RANGE + 4096 });
    const unseen = explained([mapped], shmemPolicy('always'), 9 * RANGE);
    expect(unseen).toMatchObject({
      file: { kind: 'shared-anonymous' },
      range: undefined,
      plan: undefined,
      refusal: 'alignment',
    });
    const unread = { ...BUFFERS, unread: 'map_files needs root' };
    const told = explained([mappingItem(BUFFERS), { kind: 'file', file: unread }], shmemPolicy('always'));
    expect(told).toMatchObject({ range: undefined, plan: undefined, refusal: undefined });
  });
});
