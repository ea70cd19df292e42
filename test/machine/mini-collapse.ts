import type { ScanResult } from '../../src/core/rules/scan-result.ts';
import { putFolio } from '../../src/machine/folios/folio.ts';
import { allocFolio, CHARGE_FAILED } from '../../src/machine/folios/folio-alloc.ts';
import { drainLru } from '../../src/machine/folios/lru.ts';
import { maybeMappedShared } from '../../src/machine/folios/mapped-shared.ts';
import type { Machine } from '../../src/machine/machine.ts';
import {
  copyWindow,
  detachPmd,
  faultInEntry,
  installWindow,
  isolateFolio,
  reattachPmd,
  releaseFolio,
} from '../../src/machine/page-tables/collapse-steps.ts';
import { offsetOf, pmdAt } from '../../src/machine/page-tables/lookup.ts';
import type { Mm } from '../../src/machine/page-tables/mm.ts';
import { PMD_TABLE } from '../../src/machine/page-tables/pmd.ts';
import {
  PTE_KIND,
  PTE_NONE,
  PTE_PRESENT,
  PTE_SWAP,
  PTE_ZERO,
  pteValue,
} from '../../src/machine/page-tables/pte.ts';

/**
 * One collapse attempt by this room's primitives, without khugepaged's limits and locks
 * (docs/khugepaged.md#attempt-steps).
 */
export function miniCollapse(machine: Machine, mm: Mm, address: number, order: number): ScanResult {
  const area = mm.areas.at(address);
  const pmd = pmdAt(machine, mm, address);
  const offset = offsetOf(machine, address);
  const base = address - offset * machine.pageBytes;
  if (!area || area.start > base || area.end < base + machine.rangeBytes) return 'SCAN_ADDRESS_RANGE';
  if (pmd?.kind !== PMD_TABLE) return 'SCAN_NO_PTE_TABLE';
  if (!area.hasAnonVma) return 'SCAN_PAGE_ANON';

  const head = allocFolio(
    machine,
    order,
    mm.memcg,
    machine.nodes.map(({ node }) => node),
    'direct',
  );
  if (head < 0) return head === CHARGE_FAILED ? 'SCAN_CGROUP_CHARGE_FAIL' : 'SCAN_ALLOC_HUGE_PAGE_FAIL';
  const give = (result: ScanResult) => {
    putFolio(machine, head, 1);
    return result;
  };
  if (pmd.kind !== PMD_TABLE) return give('SCAN_NO_PTE_TABLE');
  const isPmdSize = order === machine.geometry.pmdOrder;
  for (let i = offset; isPmdSize && i < offset + (1 << order); i++) {
    if ((pmd.ptes[i] & PTE_KIND) < PTE_SWAP) continue;
    const faulted = faultInEntry(machine, mm, area, pmd, i);
    if (faulted !== 'done') return give(faulted === 'retry' ? 'SCAN_PAGE_LOCK' : 'SCAN_FAIL');
  }
  drainLru(machine);
  detachPmd(pmd);
  const isolated: number[] = [];
  const failure = isolateAll();
  if (failure || copyWindow(machine, pmd, offset, head) !== undefined) {
    for (const folio of isolated.filter((folio) => machine.frames.order[folio] === 0).reverse()) {
      releaseFolio(machine, folio);
    }
    for (const folio of isolated.filter((folio) => machine.frames.order[folio] > 0))
      releaseFolio(machine, folio);
    reattachPmd(pmd);
    return give(failure ?? 'SCAN_COPY_MC');
  }
  installWindow(machine, { mm, area, pmd, offset }, head);
  return 'SCAN_SUCCEED';

  function isolateAll(): ScanResult | undefined {
    const f = machine.frames;
    for (let i = offset; i < offset + (1 << order); i++) {
      const pte = (pmd as { ptes: Uint32Array }).ptes[i];
      const kind = pte & PTE_KIND;
      if (kind === PTE_NONE || kind === PTE_ZERO) continue;
      if (kind !== PTE_PRESENT) return 'SCAN_PTE_NON_PRESENT';
      const folio = f.headOf(pteValue(pte));
      if (maybeMappedShared(f, folio) && !isPmdSize) return 'SCAN_EXCEED_SHARED_PTE';
      if (!isPmdSize && f.order[folio] >= order) return 'SCAN_PTE_MAPPED_HUGEPAGE';
      if (isolated.includes(folio)) continue;
      const obstacle = isolateFolio(machine, folio);
      if (obstacle) return obstacle;
      isolated.push(folio);
    }
    return undefined;
  }
}
