import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../support/seed.ts';
import { Buddy, MOVABLE, UNMOVABLE } from '../../src/machine/frames/buddy.ts';
import { FRAME_KERNEL, FrameTable, NO_FRAME, PG_HEAD } from '../../src/machine/frames/frame-table.ts';

function buddyOf(pages: number): { frames: FrameTable; buddy: Buddy } {
  const frames = new FrameTable(pages);
  return { frames, buddy: new Buddy(frames, 0, 0, pages, 10, 4) };
}

/** Free blocks by order. */
function blocks(buddy: Buddy): number[] {
  return Array.from({ length: 11 }, (_, order) => buddy.freeBlocks(order));
}

describe('the buddy allocator', () => {
  test('splits the smallest block that is large enough and hands out its low end', () => {
    const { frames, buddy } = buddyOf(1024 + 8);
    expect(buddy.alloc(0, MOVABLE)).toBe(1024);
    frames.flags[1024] = FRAME_KERNEL | PG_HEAD;
    expect(blocks(buddy)).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(buddy.alloc(2, MOVABLE)).toBe(1028);
    expect(buddy.alloc(3, MOVABLE)).toBe(0);
  });

  test('merges buddies up to the largest order, whatever the order of freeing', () => {
    const { frames, buddy } = buddyOf(2048);
    const taken = Array.from({ length: 2048 }, () => {
      const frame = buddy.alloc(0, MOVABLE);
      frames.flags[frame] = FRAME_KERNEL | PG_HEAD;
      return frame;
    });
    expect(buddy.alloc(0, MOVABLE)).toBe(NO_FRAME);
    for (const frame of [...taken.filter((f) => f % 3 === 0), ...taken.filter((f) => f % 3 !== 0)]) {
      frames.flags[frame] = 0;
      buddy.free(frame, 0);
    }
    expect(blocks(buddy)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
  });

  test('keeps unmovable pages together, so that the rest stays whole', () => {
    const { frames, buddy } = buddyOf(1024);
    const pageblocks = [new Set<number>(), new Set<number>()];
    for (let i = 0; i < 400; i++) {
      const mobility = i % 3 === 0 ? UNMOVABLE : MOVABLE;
      const frame = buddy.alloc(0, mobility);
      frames.flags[frame] = FRAME_KERNEL | PG_HEAD;
      pageblocks[mobility].add(frame >>> 4);
    }
    expect([...pageblocks[MOVABLE]].filter((block) => pageblocks[UNMOVABLE].has(block))).toEqual([]);
    expect(pageblocks[UNMOVABLE].size).toBe(Math.ceil(134 / 16));
  });

  test('takes a given frame out of the block that holds it', () => {
    const { frames, buddy } = buddyOf(1024);
    expect(buddy.takeFrame(5)).toBe(true);
    frames.flags[5] = FRAME_KERNEL | PG_HEAD;
    expect(buddy.takeFrame(5)).toBe(false);
    expect(buddy.freePages).toBe(1023);
    expect(blocks(buddy)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
    expect(buddy.freeHeadOf(4)).toBe(4);
    expect(buddy.freeHeadOf(7)).toBe(6);
    frames.flags[5] = 0;
    buddy.free(5, 0);
    expect(buddy.freeBlocks(10)).toBe(1);
  });

  test('never hands out a frame twice', () => {
    const step = fc.record({
      order: fc.nat({ max: 6 }),
      mobility: fc.constantFrom(MOVABLE, UNMOVABLE),
      drop: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { frames, buddy } = buddyOf(512 + 32 + 4);
        const used = new Set<number>();
        const held: { frame: number; order: number }[] = [];
        for (const { order, mobility, drop } of steps) {
          const frame = buddy.alloc(order, mobility);
          if (frame === NO_FRAME || drop % 3 === 0) {
            const [freed] = held.splice(drop % Math.max(1, held.length), 1);
            if (freed) {
              for (let i = 0; i < 1 << freed.order; i++) used.delete(freed.frame + i);
              frames.flags[freed.frame] = 0;
              buddy.free(freed.frame, freed.order);
            }
          }
          if (frame === NO_FRAME) continue;
          frames.flags[frame] = FRAME_KERNEL | PG_HEAD;
          expect(frame % (1 << order)).toBe(0);
          for (let i = 0; i < 1 << order; i++) {
            expect(used.has(frame + i)).toBe(false);
            used.add(frame + i);
          }
          held.push({ frame, order });
        }
        expect(buddy.freePages).toBe(548 - used.size);
      }),
    );
  });
});
