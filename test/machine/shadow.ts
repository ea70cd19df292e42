import type { Machine } from '../../src/machine/machine.ts';
import { contentAt } from '../../src/machine/page-tables/lookup.ts';
import type { Mm } from '../../src/machine/page-tables/mm.ts';
import { PAGE } from './world.ts';

/**
 * What each process must read, kept without page tables, folios or swap: a content for each page that it has
 * written.
 */
export class Shadow {
  readonly #processes = new Map<Mm, Map<number, ReadonlySet<number>>>();

  pagesOf(mm: Mm): Map<number, ReadonlySet<number>> {
    let pages = this.#processes.get(mm);
    if (!pages) this.#processes.set(mm, (pages = new Map()));
    return pages;
  }

  write(mm: Mm, start: number, pages: number, content: number, step: number): void {
    for (let i = 0; i < pages; i++) this.pagesOf(mm).set(start / PAGE + i, new Set([content + i * step]));
  }

  /** The pages read as zeros from now on. */
  clear(mm: Mm, start: number, pages: number): void {
    for (let i = 0; i < pages; i++) this.pagesOf(mm).delete(start / PAGE + i);
  }

  /** The pages may read as zeros from now on, until they are written again (MADV_FREE). */
  mayLose(mm: Mm, start: number, pages: number): void {
    for (let i = 0; i < pages; i++) {
      const possible = this.pagesOf(mm).get(start / PAGE + i);
      if (possible) this.pagesOf(mm).set(start / PAGE + i, new Set([...possible, 0]));
    }
  }

  move(mm: Mm, start: number, pages: number, to: number): void {
    const moved = Array.from({ length: pages }, (_, i) => this.pagesOf(mm).get(start / PAGE + i));
    this.clear(mm, start, pages);
    moved.forEach((content, i) => content && this.pagesOf(mm).set(to / PAGE + i, content));
  }

  fork(parent: Mm, child: Mm): void {
    this.#processes.set(child, new Map(this.pagesOf(parent)));
  }

  exit(mm: Mm): void {
    this.#processes.delete(mm);
  }

  /** The pages that do not read as they should. */
  differences(machine: Machine): string[] {
    const wrong: string[] = [];
    for (const [mm, pages] of this.#processes) {
      for (const area of mm.areas.all()) {
        for (let address = area.start; address < area.end; address += PAGE) {
          const content = contentAt(machine, mm, address);
          const possible = pages.get(address / PAGE);
          const right = possible ? content !== undefined && possible.has(content) : !content;
          if (!right) wrong.push(`process ${mm.id} reads ${content} at page ${address / PAGE}`);
        }
      }
    }
    return wrong;
  }
}
