import type { Pmd } from '../page-tables/pmd.ts';

/** What reverse mapping needs of an address space. */
export interface AnonMapper {
  readonly id: number;
  readonly pmds: ReadonlyMap<number, Pmd>;
  /** The distances, in pages, that mremap has moved areas of it by; 0 always among them. */
  readonly moves: readonly number[];
}

/** The address spaces that came from one by fork: only they can share anonymous pages (the root anon_vma). */
export class AnonRoot {
  readonly mms = new Set<AnonMapper>();
  /** Ids of its ranges by range number. */
  readonly ranges = new Map<number, number>();
}

/**
 * Where each page of anonymous memory belongs, so that its PTEs can be found from its frame: a root and an
 * index, which is the virtual page number at which it was first mapped. To fit 32 bits in the frame table,
 * index / NR is replaced by an id that stands for (root, index / NR).
 */
export class AnonRanges {
  readonly #pmdOrder: number;
  /** By id; 0 is no range. */
  readonly #roots: (AnonRoot | undefined)[] = [undefined];
  readonly #numbers: number[] = [0];
  readonly #freeIds: number[] = [];

  constructor(pmdOrder: number) {
    this.#pmdOrder = pmdOrder;
  }

  /** The id of a range, made on first use. */
  idOf(root: AnonRoot, number: number): number {
    const known = root.ranges.get(number);
    if (known !== undefined) return known;
    const id = this.#freeIds.pop() ?? this.#numbers.length;
    if (id >= 2 ** (32 - this.#pmdOrder)) throw new Error('too many ranges of anonymous memory');
    this.#roots[id] = root;
    this.#numbers[id] = number;
    root.ranges.set(number, id);
    return id;
  }

  /** Packs the place of a page: `index` is a virtual page number. */
  pack(root: AnonRoot, index: number): number {
    const pages = 1 << this.#pmdOrder;
    const number = Math.floor(index / pages);
    return this.packIn(this.idOf(root, number), index - number * pages);
  }

  packIn(id: number, offset: number): number {
    return ((id << this.#pmdOrder) | offset) >>> 0;
  }

  /** The root of a page; undefined if its processes have all exited, so that nothing maps it. */
  rootOf(packed: number): AnonRoot | undefined {
    return this.#roots[packed >>> this.#pmdOrder];
  }

  indexOf(packed: number): number {
    const pages = 1 << this.#pmdOrder;
    return this.#numbers[packed >>> this.#pmdOrder] * pages + (packed & (pages - 1));
  }

  /**
   * Gives the ids of a root back once no address space of it is left; pages of it that live on are mapped
   * nowhere.
   */
  drop(root: AnonRoot): void {
    for (const id of root.ranges.values()) {
      this.#roots[id] = undefined;
      this.#freeIds.push(id);
    }
    root.ranges.clear();
  }
}
