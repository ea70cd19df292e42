import { createDigestBuilder, type DigestBuilder } from '../core/digest/builder.ts';
import { digestPlaceOf } from '../core/digest/place.ts';
import { addDigest } from '../core/digest/table.ts';
import { addRestartFolios, addRestartRange } from '../core/fault/restart-table.ts';
import { type Geometry, pagesPerRange } from '../core/memory/geometry.ts';
import { countBits, hasPage } from '../core/memory/occupancy.ts';
import { anonOrders } from '../core/memory/order.ts';
import { hasLargeFolio, type RangeState, unknownFacts } from '../core/memory/range-state.ts';
import { rangeText } from '../core/memory/range-text.ts';
import { KERNEL_MODELS } from '../core/rules/kernel-model.ts';
import type { MemoryItem } from '../core/rules/memory-source.ts';
import { defaultSettings, withOrdersAlways } from '../core/rules/thp-settings.ts';
import {
  coversRange,
  type Eligibility,
  possibleOrders,
  restartOrders,
  spanFrom,
  type Vma,
} from '../core/rules/vma.ts';
import {
  addApart,
  addRefused,
  emptyMemoryDigest,
  type ProcessDigest,
  type RestartDigest,
  VMA_CLASSES,
  type VmaClass,
} from './memory-digest.ts';

/**
 * Turns the items of a source into digests, one a process. Memory does not grow with the ranges that a digest
 * covers.
 */
export class DigestCollector {
  readonly #geometry: Geometry;
  readonly #builders: Record<VmaClass, DigestBuilder>;
  readonly #walkAll: boolean;
  readonly #finished: ProcessDigest[] = [];
  #open: ProcessDigest | undefined;
  #vma:
    | {
        readonly vma: Vma;
        readonly className: VmaClass;
        readonly ineligible: Eligibility['ineligible'];
        readonly restartClass: keyof RestartDigest;
      }
    | undefined;

  /**
   * With `walkAll` every range is kept apart, for models that no table answers for; then memory grows with
   * them.
   */
  constructor(geometry: Geometry, { walkAll = false }: { readonly walkAll?: boolean } = {}) {
    this.#geometry = geometry;
    this.#walkAll = walkAll;
    this.#builders = { unadvised: createDigestBuilder(geometry), hugepage: createDigestBuilder(geometry) };
  }

  /** Takes the items of a source in their order; what is skipped or noted is not kept. */
  add(item: MemoryItem): void {
    switch (item.kind) {
      case 'process':
        this.#close();
        this.#open = { process: item.process, memory: emptyMemoryDigest(this.#geometry) };
        this.#vma = undefined;
        break;
      case 'vma':
        this.#vma = this.#openVma(item.vma);
        break;
      case 'ranges':
        for (const range of item.ranges) this.#addRange(range);
        break;
    }
  }

  /** The processes so far, in the order in which they came. */
  finish(): ProcessDigest[] {
    this.#close();
    return this.#finished.splice(0);
  }

  #openVma(vma: Vma) {
    if (!this.#open) throw new Error('a source opened a VMA before a process');
    const everySize = withOrdersAlways(defaultSettings(this.#geometry), anonOrders(this.#geometry));
    const { thpDisabled } = this.#open.process;
    const model = KERNEL_MODELS['linux-7.2'];
    const { ineligible } = possibleOrders(vma, everySize, model, this.#geometry, thpDisabled);
    const className: VmaClass = vma.flags.includes('hg') ? 'hugepage' : 'unadvised';
    const ofFaults = restartOrders(vma, everySize, model, this.#geometry, thpDisabled);
    return { vma, className, ineligible, restartClass: ofFaults === 0 ? ('small' as const) : className };
  }

  #addRange(range: RangeState): void {
    if (!this.#open || !this.#vma) throw new Error('a source sent ranges outside of a VMA');
    const { vma, className, ineligible } = this.#vma;
    if (!vma.anonymous) return;
    const { memory } = this.#open;
    const { resident, huge } = residentPages(range);
    memory.ranges++;
    memory.residentPages += resident;
    memory.hugePages += huge;
    const ignored = ineligible ?? (coversRange(vma, range.address, this.#geometry) ? undefined : 'vma-edge');
    if (ignored) {
      this.#addRestart(range);
      return addRefused(memory, ignored, 1, resident);
    }
    for (const fact of unknownFacts(range)) memory.unknown.add(fact);
    const builder = this.#builders[className];
    const place = digestPlaceOf(range, builder.next);
    if (place === 'ordinary' && !this.#walkAll) {
      builder.add(huge > 0 ? range.folioOrders : undefined);
      // Its pages in use are those that were touched: the table knows them.
      if (huge > 0 && memory.restart) addRestartFolios(memory.restart[className], range);
      return;
    }
    this.#addRestart(range);
    if (place === 'apart' || place === 'ordinary')
      addApart(memory.classes[className], JSON.stringify(rangeText(range)), { ...range, address: 0 }, 1);
    else addRefused(memory, place, 1, resident);
  }

  #addRestart(range: RangeState): void {
    if (!this.#open?.memory.restart || !this.#vma) return;
    const { vma, restartClass } = this.#vma;
    addRestartRange(
      this.#open.memory.restart[restartClass],
      range,
      spanFrom(vma, range.address, this.#geometry),
    );
  }

  #close(): void {
    if (!this.#open) return;
    const { classes } = this.#open.memory;
    for (const name of VMA_CLASSES) addDigest(classes[name].table, this.#builders[name].finish());
    this.#finished.push(this.#open);
    this.#open = undefined;
  }
}

/** Resident pages of a range, and those of them in large folios. */
function residentPages({ geometry, folioOrders, pmdMapped, facts: { present, zero } }: RangeState): {
  resident: number;
  huge: number;
} {
  if (pmdMapped) {
    // The huge zero page is nobody's memory.
    const pages = zero !== undefined && hasPage(zero, 0) ? 0 : pagesPerRange(geometry);
    return { resident: pages, huge: pages };
  }
  const countsFolios = folioOrders !== undefined && hasLargeFolio(folioOrders);
  let resident = 0;
  let huge = 0;
  for (let i = 0; i < present.length; i++) {
    const pages = zero ? present[i] & ~zero[i] : present[i];
    resident += countBits(pages);
    if (!countsFolios) continue;
    for (let left = pages; left !== 0; left &= left - 1)
      if (folioOrders[i * 32 + 31 - Math.clz32(left & -left)] > 0) huge++;
  }
  return { resident, huge };
}
