import { BlockedCounter } from '../../core/digest/blocked-range.ts';
import { createDigestBuilder, type DigestBuilder } from '../../core/digest/builder.ts';
import { digestPlaceOf } from '../../core/digest/place.ts';
import { addDigest } from '../../core/digest/table.ts';
import {
  addRestartFolios,
  addRestartRange,
  emptyRestartTable,
  subtractRestartTable,
} from '../../core/fault/restart-table.ts';
import { type Geometry, pageBytes } from '../../core/memory/geometry.ts';
import { countPages, difference } from '../../core/memory/occupancy.ts';
import { anonOrders } from '../../core/memory/order.ts';
import type { PageSpan } from '../../core/memory/page-span.ts';
import { hasLargeFolio, type RangeState, unknownFacts } from '../../core/memory/range-state.ts';
import { repeatedPages } from '../../core/memory/shared-runs.ts';
import { createFolioWindows, type FolioWindows } from '../../core/plan/folio-windows.ts';
import { KERNEL_MODELS, type KernelModel } from '../../core/rules/kernel-model.ts';
import { modelOfRelease, NEWEST_MODEL } from '../../core/rules/kernel-release.ts';
import type { MemoryItem, Process } from '../../core/rules/memory-source.ts';
import { defaultSettings, withOrdersAlways } from '../../core/rules/thp-settings.ts';
import { savedEntries } from '../../core/rules/tlb-reach.ts';
import {
  coversRange,
  type Eligibility,
  possibleOrders,
  restartOrders,
  spanFrom,
  type Vma,
} from '../../core/rules/vma.ts';
import type { CacheDigest } from '../cache/cache-digest.ts';
import type { CacheDigestBuilder } from '../cache/cache-digest-builder.ts';
import { type CollapseSurroundings, registers, wordOfSmaps } from '../ranges/assumptions.ts';
import { hasUntoldSharing } from '../ranges/repeated-pages.ts';
import { residentPages } from '../ranges/resident-pages.ts';
import {
  addApart,
  addRefused,
  emptyMemoryDigest,
  type MemoryDigest,
  type ProcessDigest,
  type RestartDigest,
  VMA_CLASSES,
  type VmaClass,
} from './memory-digest.ts';

export interface CollectorOptions {
  /**
   * Keeps every range apart, for models that no table answers for; then memory grows with them.
   */
  readonly walkAll?: boolean;
  /** The machine that it was read on: without it nobody knows who is registered and what prctl forbids. */
  readonly surroundings?: CollapseSurroundings;
  /** What counts the page cache; without it nobody does, and who shows none need not load it. */
  readonly cache?: CacheDigestBuilder;
}

/**
 * Turns the items of a source into digests, one a process. Memory does not grow with the ranges that a digest
 * covers.
 */
export class DigestCollector {
  readonly #geometry: Geometry;
  readonly #reachPages: number;
  /** TLB entries that a whole folio saves, by its order. */
  readonly #savedByFolio: readonly number[];
  /** Made when the first large folios are met. */
  #folios: FolioWindows | undefined;
  readonly #builders: Record<VmaClass, DigestBuilder>;
  readonly #blocked: BlockedCounter;
  readonly #cache: CacheDigestBuilder | undefined;
  readonly #walkAll: boolean;
  readonly #surroundings: CollapseSurroundings | undefined;
  readonly #finished: ProcessDigest[] = [];
  #open: ProcessDigest | undefined;
  #vma:
    | {
        readonly vma: Vma;
        readonly className: VmaClass;
        readonly ineligible: Eligibility['ineligible'];
        /** Whether prctl "except advised" might forbid it, unseen. */
        readonly isUnchecked: boolean;
        readonly restartClass: keyof RestartDigest;
      }
    | undefined;

  /** One TLB entry below the PMD maps up to `reachPages`. */
  constructor(
    geometry: Geometry,
    reachPages: number,
    { walkAll = false, surroundings, cache }: CollectorOptions = {},
  ) {
    this.#geometry = geometry;
    this.#reachPages = reachPages;
    this.#savedByFolio = Array.from({ length: geometry.pmdOrder + 1 }, (_, order) =>
      savedEntries(order, reachPages),
    );
    this.#walkAll = walkAll;
    this.#surroundings = surroundings;
    this.#blocked = new BlockedCounter(geometry, reachPages);
    this.#cache = cache;
    this.#builders = {
      unadvised: createDigestBuilder(geometry, reachPages),
      hugepage: createDigestBuilder(geometry, reachPages),
    };
  }

  /** Takes the items of a source in their order; what is skipped or noted is not kept. */
  add(item: MemoryItem): void {
    switch (item.kind) {
      case 'process':
        this.#close();
        this.#open = this.#openProcess(item.process);
        this.#vma = undefined;
        break;
      case 'vma':
        this.#vma = this.#openVma(item.vma);
        break;
      case 'ranges':
        for (const range of item.ranges) this.#addRange(range);
        break;
      case 'file':
        this.#cache?.openFile(item.file);
        break;
      case 'cache-ranges':
        this.#cache?.addRanges(item.ranges);
        break;
    }
  }

  /** The processes so far, in the order in which they came. */
  finish(): ProcessDigest[] {
    this.#close();
    return this.#finished.splice(0);
  }

  /** The page cache of all of them; undefined where the source says nothing of it, or nobody counts it. */
  finishCache(): CacheDigest | undefined {
    return this.#cache?.finish();
  }

  #openProcess(process: Process): ProcessDigest {
    const memory = emptyMemoryDigest(this.#geometry, this.#reachPages);
    // Every program maps files: a source without a VMA of one keeps anonymous memory alone.
    memory.otherPages = undefined;
    if (!this.#surroundings) memory.uncheckedPages = undefined;
    return { process, memory, isRegistered: this.#surroundings?.settings && false };
  }

  #openVma(vma: Vma) {
    if (!this.#open) throw new Error('a source opened a VMA before a process');
    const { memory } = this.#open;
    this.#cache?.addVma(this.#open.process, vma);
    if (!vma.anonymous)
      memory.otherPages = (memory.otherPages ?? 0) + Math.floor(vma.rssBytes / pageBytes(this.#geometry));
    const everySize = withOrdersAlways(defaultSettings(this.#geometry), anonOrders(this.#geometry));
    const { thpDisabled } = this.#open.process;
    const model = KERNEL_MODELS['linux-7.2'];
    const byFlags = possibleOrders(vma, everySize, model, this.#geometry, thpDisabled).ineligible;
    const word = byFlags === undefined ? this.#wordOfSmaps(vma) : 'yes';
    const ineligible = word === 'no' ? 'smaps' : byFlags;
    this.#register(vma);
    const className: VmaClass = vma.flags.includes('hg') ? 'hugepage' : 'unadvised';
    const ofFaults = restartOrders(vma, everySize, model, this.#geometry, thpDisabled);
    // prctl "except advised" forbids it to page faults, too.
    const restartClass = ofFaults === 0 || word === 'no' ? ('small' as const) : className;
    return { vma, className, ineligible, isUnchecked: word === 'unchecked', restartClass };
  }

  /** What THPeligible adds holds under every policy: it tells of the process, not of the settings. */
  #wordOfSmaps(vma: Vma) {
    if (!this.#surroundings) return 'yes';
    return wordOfSmaps(vma, this.#surroundings, this.#modelInForce(), this.#geometry);
  }

  #register(vma: Vma): void {
    if (!this.#open || !this.#surroundings?.settings) return;
    const { process } = this.#open;
    if (registers(vma, process, this.#surroundings, this.#modelInForce(), this.#geometry))
      this.#open.isRegistered = true;
  }

  #modelInForce(): KernelModel {
    return modelOfRelease(this.#surroundings?.kernelRelease ?? '') ?? NEWEST_MODEL;
  }

  #addRange(range: RangeState): void {
    if (!this.#open || !this.#vma) throw new Error('a source sent ranges outside of a VMA');
    const { vma, className, ineligible, isUnchecked } = this.#vma;
    if (!vma.anonymous) return;
    const { memory } = this.#open;
    const { resident, folios } = this.#addResident(memory, range);
    const ignored = ineligible ?? (coversRange(vma, range.address, this.#geometry) ? undefined : 'vma-edge');
    if (ignored) {
      this.#addRestart(range);
      return addRefused(memory, ignored, 1, resident);
    }
    for (const fact of unknownFacts(range)) memory.unknown.add(fact);
    if (isUnchecked && memory.uncheckedPages !== undefined) memory.uncheckedPages += resident;
    const builder = this.#builders[className];
    const found = digestPlaceOf(range, builder.next);
    const place = this.#walkAll && (found === 'ordinary' || found === 'blocked') ? 'apart' : found;
    if (place === 'ordinary') {
      builder.add(folios && range.folioOrders);
      // Its pages in use are those that were touched: the table knows them.
      if (folios && memory.restart) addRestartFolios(memory.restart[className], folios.pagesByOrder);
      return;
    }
    this.#addRestart(range);
    if (place === 'blocked') this.#blocked.add(memory.classes[className].blocked, range, builder.next);
    else if (place === 'apart') addApart(memory.classes[className], range, 1);
    else addRefused(memory, place, 1, resident);
  }

  /** Adds what is resident of a range. Of one with large folios that PTEs map it has read these. */
  #addResident(
    memory: MemoryDigest,
    range: RangeState,
  ): { readonly resident: number; readonly folios: FolioWindows | undefined } {
    const { pmdMapped, folioOrders, facts } = range;
    const { present, zero } = facts;
    memory.ranges++;
    const hasFolios = !pmdMapped && folioOrders !== undefined && hasLargeFolio(folioOrders);
    if (!hasFolios) {
      const { resident, huge } = residentPages(range);
      memory.residentPages += resident;
      memory.hugePages += huge;
      memory.pmdMappedPages += huge;
      return { resident, folios: undefined };
    }
    const folios = (this.#folios ??= createFolioWindows(this.#geometry));
    folios.read(zero ? difference(present, zero) : present, folioOrders);
    folios.map();
    const { pagesByOrder, wholeFolios } = folios;
    let resident = 0;
    for (let order = 0; order < pagesByOrder.length; order++) {
      resident += pagesByOrder[order];
      memory.savedEntries += wholeFolios[order] * this.#savedByFolio[order];
    }
    const huge = resident - pagesByOrder[0];
    memory.residentPages += resident;
    memory.hugePages += huge;
    return { resident, folios: huge > 0 ? folios : undefined };
  }

  #addRestart(range: RangeState): void {
    if (!this.#open?.memory.restart || !this.#vma) return;
    const { vma, restartClass } = this.#vma;
    const span = spanFrom(vma, range.address, this.#geometry);
    addRestartRange(this.#open.memory.restart[restartClass], range, span);
    this.#addRepeated(range, span, restartClass);
  }

  /** Adds what an earlier process of the source has of a range as well. No table counts ranges with such. */
  #addRepeated(range: RangeState, span: PageSpan, restartClass: keyof RestartDigest): void {
    if (!this.#open) return;
    const { memory } = this.#open;
    if (hasUntoldSharing(range)) memory.repeated = undefined;
    const repeated = repeatedPages(range);
    if (!repeated || !memory.repeated) return;
    memory.repeated.pages += countPages(repeated);
    const changed = emptyRestartTable(this.#geometry);
    addRestartRange(changed, range, span, repeated);
    const table = memory.repeated.restart[restartClass];
    subtractRestartTable(table, changed);
    addRestartRange(table, range, span);
  }

  #close(): void {
    if (!this.#open) return;
    const { classes } = this.#open.memory;
    for (const name of VMA_CLASSES) addDigest(classes[name].table, this.#builders[name].finish());
    this.#finished.push(this.#open);
    this.#open = undefined;
  }
}
