import type { Buddy } from '../../../src/machine/frames/buddy.ts';
import {
  FRAME_CACHE,
  FRAME_FILE,
  FRAME_FOLIO,
  FRAME_FREE,
  FRAME_KERNEL,
  FRAME_PAGE_TABLE,
  type FrameTable,
  PG_HEAD,
} from '../../../src/machine/frames/frame-table.ts';
import type { Machine } from '../../../src/machine/machine.ts';

/** The frames in use, as found by going through all of them. */
export interface FrameOwners {
  /** Heads of all folios. */
  readonly folios: number[];
  /** Heads of folios of the page cache. */
  readonly files: number[];
  readonly pageTables: Set<number>;
  cachePages: number;
}

/**
 * Whether every frame belongs to exactly one free block, folio, page table or to the kernel, and lists are
 * right.
 */
export function checkFrames(machine: Machine): { problems: string[]; owners: FrameOwners } {
  const problems: string[] = [];
  const owners: FrameOwners = { folios: [], files: [], pageTables: new Set(), cachePages: 0 };
  for (const node of machine.nodes) {
    const free = new Map<number, number>();
    for (let frame = node.first; frame < node.end; ) {
      const size = checkOwner(machine, frame, owners, free, problems);
      if (frame + size > node.end) problems.push(`frame ${frame}: a block of ${size} leaves the node`);
      frame += size;
    }
    checkLists(machine.frames, node, free, problems);
  }
  return { problems, owners };
}

/** Notes what begins at a frame and returns its size. */
function checkOwner(
  machine: Machine,
  frame: number,
  owners: FrameOwners,
  free: Map<number, number>,
  problems: string[],
): number {
  const f = machine.frames;
  const kind = f.kind(frame);
  if (!f.has(frame, PG_HEAD)) {
    problems.push(`frame ${frame} of kind ${kind} has no owner`);
    return 1;
  }
  switch (kind) {
    case FRAME_PAGE_TABLE:
      owners.pageTables.add(frame);
      return 1;
    case FRAME_CACHE:
      owners.cachePages++;
      return 1;
    case FRAME_KERNEL:
      return 1;
    case FRAME_FREE:
      free.set(frame, f.order[frame]);
      break;
    case FRAME_FOLIO:
      owners.folios.push(frame);
      break;
    case FRAME_FILE:
      owners.files.push(frame);
      break;
    default:
      problems.push(`frame ${frame} has the unknown kind ${kind}`);
  }
  const order = f.order[frame];
  const size = 1 << order;
  if (frame % size !== 0) problems.push(`frame ${frame}: a block of order ${order} is not aligned`);
  for (let i = 1; i < size; i++) {
    if (f.has(frame + i, PG_HEAD) || f.kind(frame + i) !== kind) {
      problems.push(`frame ${frame + i} lies in the block at ${frame} and is something else`);
    } else if (kind !== FRAME_FREE && f.order[frame + i] !== order) {
      problems.push(`frame ${frame + i} does not lead to the head of its folio`);
    }
  }
  return size;
}

function checkLists(f: FrameTable, node: Buddy, free: Map<number, number>, problems: string[]): void {
  let listed = 0;
  let pages = 0;
  for (let order = 0; order <= node.maxOrder; order++) {
    const heads = [...node.list(order, 0), ...node.list(order, 1)];
    if (heads.length !== node.freeBlocks(order))
      problems.push(`free blocks of order ${order} are miscounted`);
    for (const head of heads) {
      if (free.get(head) !== order)
        problems.push(`the list of order ${order} has frame ${head}, which is not such a block`);
      listed++;
      pages += 1 << order;
    }
    for (const head of node.list(order, 1)) {
      if (node.mobilityOf(head) !== 1) problems.push(`free block ${head} is on the list of another mobility`);
    }
  }
  if (listed !== free.size)
    problems.push(`${free.size - listed} free blocks of node ${node.node} are on no list`);
  if (pages !== node.freePages) {
    problems.push(`node ${node.node} has ${pages} free pages and counts ${node.freePages}`);
  }
  for (const [head, order] of free) {
    const buddy = head ^ (1 << order);
    if (order < node.maxOrder && buddy > head && free.get(buddy) === order && f.count > buddy) {
      problems.push(`free blocks ${head} and ${buddy} of order ${order} are not merged`);
    }
  }
}
