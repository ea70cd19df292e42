import { sum } from '../../core/base/sum.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { anonOrders } from '../../core/memory/order.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import type { MemoryItem, Process } from '../../core/rules/memory-source.ts';
import { defaultSettings, type ThpSettings, withOrdersAlways } from '../../core/rules/thp-settings.ts';
import { possibleOrders, type Vma } from '../../core/rules/vma.ts';
import {
  type CollapseSurroundings,
  collapseAssumptions,
  eligibilityIn,
  type ProcessAssumption,
} from './assumptions.ts';

/**
 * Looks at the processes of a source while somebody else takes its items, whatever settings are asked about:
 * what smaps knows of prctl "except advised", and what is taken for granted of them.
 */
export class ProcessWatch {
  readonly #surroundings: CollapseSurroundings;
  readonly #model: KernelModel;
  readonly #geometry: Geometry;
  readonly #everySize: ThpSettings;
  /** VMAs of each process that prctl "except advised" might forbid to become huge, unseen. */
  readonly #unchecked = new Map<Process, Vma[]>();
  readonly #exceptAdvised = new Set<Process>();

  constructor(surroundings: CollapseSurroundings, model: KernelModel, geometry: Geometry) {
    this.#surroundings = surroundings;
    this.#model = model;
    this.#geometry = geometry;
    this.#everySize = withOrdersAlways(defaultSettings(geometry), anonOrders(geometry));
  }

  async *watch(items: AsyncIterable<MemoryItem>): AsyncIterable<MemoryItem> {
    let process: Process | undefined;
    for await (const item of items) {
      if (item.kind === 'process') this.#unchecked.set((process = item.process), []);
      if (item.kind === 'vma' && process) {
        const runPolicy = { settings: this.#everySize, model: this.#model };
        const { vma } = item;
        const of = eligibilityIn(vma, process, runPolicy, this.#geometry, this.#surroundings);
        if (of.eligibility.ineligible === 'smaps') this.#exceptAdvised.add(process);
        if (of.isUnchecked && vma.rssBytes > 0) this.#unchecked.get(process)?.push(vma);
      }
      yield item;
    }
  }

  /** Whether only memory with MADV_HUGEPAGE of a process may become huge, as far as was seen. */
  isExceptAdvised(process: Process): boolean {
    return this.#exceptAdvised.has(process);
  }

  /** What is taken for granted of the processes so far under settings that are asked about, each once. */
  assumptions(asked: ThpSettings): ReadonlySet<ProcessAssumption> {
    return new Set(
      [...this.#unchecked].flatMap(([process, vmas]) => {
        const unchecked = vmas.filter((vma) => this.#isEligible(vma, process, asked));
        const bytes = sum(unchecked.map(({ rssBytes }) => rssBytes));
        return collapseAssumptions(process, bytes, false, this.#surroundings);
      }),
    );
  }

  #isEligible(vma: Vma, { thpDisabled }: Process, asked: ThpSettings): boolean {
    const { ineligible } = possibleOrders(vma, asked, this.#model, this.#geometry, thpDisabled);
    return ineligible === undefined;
  }
}
