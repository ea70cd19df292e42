/** A queue that gives what costs least. Costs are small whole numbers, none below the last one given. */
export class CostQueue<T> {
  readonly #byCost: T[][] = [];
  #cost = 0;
  #taken = 0;

  add(cost: number, item: T): void {
    const items = this.#byCost[cost];
    if (items) items.push(item);
    else this.#byCost[cost] = [item];
  }

  /** The first one added of those that cost least; undefined when nothing is left. */
  take(): T | undefined {
    for (; this.#cost < this.#byCost.length; this.#cost++, this.#taken = 0) {
      const items = this.#byCost[this.#cost];
      if (items && this.#taken < items.length) return items[this.#taken++];
      delete this.#byCost[this.#cost];
    }
    return undefined;
  }
}
