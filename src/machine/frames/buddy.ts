import { FRAME_FREE, FRAME_KIND, type FrameTable, NO_FRAME, PG_HEAD } from './frame-table.ts';

/**
 * Who an allocation is for: what can be moved later is kept apart from what cannot (the kernel's migrate
 * types).
 */
export const MOVABLE = 0;
export const UNMOVABLE = 1;
export type Mobility = typeof MOVABLE | typeof UNMOVABLE;

const END = 0xffffffff;

/**
 * The free memory of one node: blocks of 2^order frames, naturally aligned, split on demand and merged with
 * their buddy when freed. A list for each order and mobility, last in first out. Blocks belong to the list of
 * their pageblock's mobility; a request that finds nothing of its own takes from the other and, if that is a
 * large part of a pageblock, converts the pageblock. Source: mm/page_alloc.c as generally known; one zone, no
 * per-CPU lists.
 */
export class Buddy {
  readonly node: number;
  readonly first: number;
  /** Exclusive. */
  readonly end: number;
  readonly maxOrder: number;
  readonly #frames: FrameTable;
  readonly #pageblockOrder: number;
  readonly #pageblocks: Uint8Array;
  /** Head of each list, at order * 2 + mobility. */
  readonly #lists: Uint32Array;
  readonly #blocks: Uint32Array;
  #freePages = 0;

  constructor(
    frames: FrameTable,
    node: number,
    first: number,
    end: number,
    maxOrder: number,
    pageblockOrder: number,
  ) {
    if (first % (1 << maxOrder) !== 0) throw new Error(`node ${node}: frame ${first} is not aligned`);
    this.#frames = frames;
    this.node = node;
    this.first = first;
    this.end = end;
    this.maxOrder = maxOrder;
    this.#pageblockOrder = pageblockOrder;
    this.#pageblocks = new Uint8Array(((end - first) >>> pageblockOrder) + 1);
    this.#lists = new Uint32Array((maxOrder + 1) * 2).fill(END);
    this.#blocks = new Uint32Array((maxOrder + 1) * 2);
    this.#freeAll();
  }

  get freePages(): number {
    return this.#freePages;
  }

  /** Free blocks of an order, as /proc/buddyinfo counts them. */
  freeBlocks(order: number): number {
    return this.#blocks[order * 2] + this.#blocks[order * 2 + 1];
  }

  /** Whether a block of this order is free, whatever its mobility. */
  hasBlock(order: number): boolean {
    for (let o = order; o <= this.maxOrder; o++) if (this.freeBlocks(o) > 0) return true;
    return false;
  }

  /** Mobility of the pageblock that a frame lies in. */
  mobilityOf(frame: number): Mobility {
    return this.#pageblocks[(frame - this.first) >>> this.#pageblockOrder] as Mobility;
  }

  /** Takes a block of 2^order frames and returns its first, or NO_FRAME. */
  alloc(order: number, mobility: Mobility): number {
    let list = order * 2 + mobility;
    const end = this.#lists.length;
    while (list < end && this.#lists[list] === END) list += 2;
    if (list < end) return this.#take(this.#lists[list], order);
    return this.#allocFromOther(order, mobility);
  }

  /** Takes exactly this free frame out of the block that holds it; false if it is not free. */
  takeFrame(frame: number): boolean {
    const head = this.freeHeadOf(frame);
    if (head === NO_FRAME) return false;
    let order = this.#frames.order[head];
    this.#unlink(head, order);
    this.#freePages--;
    let base = head;
    while (order > 0) {
      order--;
      const right = base + (1 << order);
      if (frame >= right) {
        this.#link(base, order);
        base = right;
      } else {
        this.#link(right, order);
      }
    }
    return true;
  }

  /** The first frame of the free block around a frame; NO_FRAME if the frame is not free. */
  freeHeadOf(frame: number): number {
    const { flags, order } = this.#frames;
    if ((flags[frame] & FRAME_KIND) !== FRAME_FREE) return NO_FRAME;
    for (let o = 0; o <= this.maxOrder; o++) {
      const head = frame & ~((1 << o) - 1);
      if (head < this.first || (flags[head] & FRAME_KIND) !== FRAME_FREE) return NO_FRAME;
      if (flags[head] & PG_HEAD) return order[head] >= o ? head : NO_FRAME;
    }
    return NO_FRAME;
  }

  /** Takes this whole free block off its list; its frames then belong to the caller. */
  takeBlock(head: number): void {
    this.#take(head, this.#frames.order[head]);
  }

  /** Gives back 2^order frames, whose flags must already be cleared, and merges them with free buddies. */
  free(frame: number, order: number): void {
    const { flags } = this.#frames;
    const orders = this.#frames.order;
    this.#freePages += 1 << order;
    let head = frame;
    let merged = order;
    while (merged < this.maxOrder) {
      const buddy = head ^ (1 << merged);
      if (buddy < this.first || buddy + (1 << merged) > this.end) break;
      if ((flags[buddy] & (FRAME_KIND | PG_HEAD)) !== PG_HEAD || orders[buddy] !== merged) break;
      this.#unlink(buddy, merged);
      head &= ~(1 << merged);
      merged++;
    }
    this.#link(head, merged);
  }

  /** The heads of all blocks on the list of an order and mobility, first to be taken first. */
  list(order: number, mobility: Mobility): number[] {
    const heads: number[] = [];
    for (let head = this.#lists[order * 2 + mobility]; head !== END; head = this.#frames.content[head]) {
      heads.push(head);
      if (heads.length > this.end - this.first)
        throw new Error(`free list ${order} of node ${this.node} loops`);
    }
    return heads;
  }

  /** Unlinks a block and gives the parts beyond `order` back. */
  #take(head: number, order: number): number {
    let have = this.#frames.order[head];
    this.#unlink(head, have);
    this.#freePages -= 1 << order;
    while (have > order) {
      have--;
      this.#link(head + (1 << have), have);
    }
    return head;
  }

  #allocFromOther(order: number, mobility: Mobility): number {
    const other = (1 - mobility) as Mobility;
    for (let o = this.maxOrder; o >= order; o--) {
      const head = this.#lists[o * 2 + other];
      if (head === END) continue;
      if (o >= this.#pageblockOrder >>> 1) {
        this.#convert(head, o, mobility);
        return this.#take(head, order);
      }
      break;
    }
    for (let o = order; o <= this.maxOrder; o++) {
      const head = this.#lists[o * 2 + other];
      if (head !== END) return this.#take(head, order);
    }
    return NO_FRAME;
  }

  /** Makes the pageblocks of a free block, and all that is free in them, of this mobility. */
  #convert(head: number, order: number, mobility: Mobility): void {
    const size = 1 << Math.max(order, this.#pageblockOrder);
    const start = Math.max(this.first, head & ~(size - 1));
    const end = Math.min(this.end, start + size);
    const { flags } = this.#frames;
    const blocks: number[] = [];
    for (let frame = start; frame < end; ) {
      if ((flags[frame] & (FRAME_KIND | PG_HEAD)) === PG_HEAD) {
        blocks.push(frame);
        frame += 1 << this.#frames.order[frame];
      } else frame++;
    }
    for (const block of blocks) this.#unlink(block, this.#frames.order[block]);
    const firstBlock = (start - this.first) >>> this.#pageblockOrder;
    const lastBlock = (end - 1 - this.first) >>> this.#pageblockOrder;
    this.#pageblocks.fill(mobility, firstBlock, lastBlock + 1);
    for (const block of blocks) this.#link(block, this.#frames.order[block]);
  }

  #link(head: number, order: number): void {
    const { flags, content, rmap } = this.#frames;
    const list = order * 2 + this.#pageblocks[(head - this.first) >>> this.#pageblockOrder];
    const next = this.#lists[list];
    flags[head] = FRAME_FREE | PG_HEAD;
    this.#frames.order[head] = order;
    content[head] = next;
    rmap[head] = END;
    if (next !== END) rmap[next] = head;
    this.#lists[list] = head;
    this.#blocks[list]++;
  }

  #unlink(head: number, order: number): void {
    const { flags, content, rmap } = this.#frames;
    const list = order * 2 + this.#pageblocks[(head - this.first) >>> this.#pageblockOrder];
    const next = content[head];
    const previous = rmap[head];
    if (previous === END) this.#lists[list] = next;
    else content[previous] = next;
    if (next !== END) rmap[next] = previous;
    flags[head] = FRAME_FREE;
    this.#blocks[list]--;
  }

  /** Frees the node from its last frame down, so that low frames are taken first. */
  #freeAll(): void {
    for (let frame = this.end; frame > this.first; ) {
      let order = this.maxOrder;
      while (frame % (1 << order) !== 0 || frame - (1 << order) < this.first) order--;
      frame -= 1 << order;
      this.#freePages += 1 << order;
      this.#link(frame, order);
    }
  }
}
