/** A memory cgroup: what its processes' folios are charged to, in base pages. */
export class Memcg {
  readonly id: number;
  readonly name: string;
  readonly parent: Memcg | undefined;
  /** memory.max; Infinity is no limit. */
  limit: number;
  /** Pages charged here and below. */
  usage = 0;
  /** Charges that this limit refused even after reclaim (memory.events `max` is raised by each try). */
  refused = 0;
  /** Itself and all above it. */
  readonly #path: readonly Memcg[];

  constructor(id: number, name: string, parent: Memcg | undefined, limit: number) {
    this.id = id;
    this.name = name;
    this.parent = parent;
    this.limit = limit;
    this.#path = parent ? [this, ...parent.#path] : [this];
  }

  /**
   * The group, itself or above, whose limit does not allow these pages; undefined once all have been charged.
   */
  charge(pages: number): Memcg | undefined {
    for (const group of this.#path) if (group.usage + pages > group.limit) return group;
    for (const group of this.#path) group.usage += pages;
    return undefined;
  }

  uncharge(pages: number): void {
    for (const group of this.#path) group.usage -= pages;
  }

  isWithin(ancestor: Memcg): boolean {
    return this.#path.includes(ancestor);
  }
}
