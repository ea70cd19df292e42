import { runList } from '../../core/base/run-list.ts';
import type { VmaPages } from '../../core/fault/vma-pages.ts';

/** What page faults left: folios of four pages and more, resident pages, and pages that map the zero page. */
export function faultsJson(pages: VmaPages): object {
  return {
    folios: pages.folios().map((folio) => {
      const missing = pages.missingOf(folio);
      const { first: offset, order } = folio;
      return { offset, order, ...(missing.length > 0 ? { missing: runList(missing) } : {}) };
    }),
    present: pages.present,
    zero: pages.zero,
  };
}
