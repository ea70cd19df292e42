import type { Mm } from '../machine/page-tables/mm.ts';

/** Where the scan goes on: nowhere yet if there is no address space. */
export interface Cursor {
  mm: Mm | undefined;
  /** In bytes; the next address in that address space. */
  address: number;
}

/**
 * The address spaces that khugepaged knows, in the order of registration, and its place among them
 * (docs/khugepaged.md#daemon-state).
 */
export class MmList {
  readonly #slots: Mm[] = [];
  readonly #registered = new Set<Mm>();
  readonly cursor: Cursor = { mm: undefined, address: 0 };

  get length(): number {
    return this.#slots.length;
  }

  get slots(): readonly Mm[] {
    return this.#slots;
  }

  has(mm: Mm): boolean {
    return this.#registered.has(mm);
  }

  /**
   * Appends an address space unless it is there; whether the list was empty before. Source:
   * __khugepaged_enter.
   */
  add(mm: Mm): boolean {
    if (this.#registered.has(mm)) return false;
    this.#registered.add(mm);
    return this.#slots.push(mm) === 1;
  }

  /** Takes an address space off the list; the cursor must not be in it. */
  remove(mm: Mm): void {
    if (this.cursor.mm === mm) throw new Error(`process ${mm.id} is removed while it is scanned`);
    this.#registered.delete(mm);
    const i = this.#slots.indexOf(mm);
    if (i >= 0) this.#slots.splice(i, 1);
  }

  /** Puts the cursor at the start of the list if it is nowhere, and returns where it is. */
  begin(): Mm {
    this.cursor.mm ??= this.#enter(0);
    return this.cursor.mm as Mm;
  }

  /** Moves the cursor to the next address space, or nowhere after the last; whether it was the last. */
  next(): boolean {
    const i = this.#slots.indexOf(this.cursor.mm as Mm);
    this.cursor.mm = this.#enter(i + 1);
    return this.cursor.mm === undefined;
  }

  /** Forgets the cursor: the next scan begins at the head of the list. */
  leave(): void {
    this.cursor.mm = undefined;
    this.cursor.address = 0;
  }

  #enter(i: number): Mm | undefined {
    this.cursor.address = 0;
    return this.#slots[i];
  }
}
