import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Failure, type Result, succeed } from '../core/failure.ts';
import { KERNEL_MODELS } from '../core/kernel-model.ts';
import { formatOrders } from '../core/order.ts';
import { formatPages } from '../core/page-list.ts';
import { compareBatch, type Disagreement, repeatBatch } from '../kernel-lab/conformance.ts';
import { bootGuest, type Guest } from '../kernel-lab/guest.ts';
import { type BootableKernel, buildInitramfs, fetchKernels } from '../kernel-lab/kernels.ts';
import { randomFrom } from '../core/random.ts';
import { shrink } from '../kernel-lab/shrink.ts';
import { batchesOf, NONE_LIMITS, type Suite, SUITES } from '../kernel-lab/suites.ts';
import { layOutTable } from '../render/columns.ts';
import { type Context, print, reportFailure, warn } from './context.ts';
import { EXIT } from './exit-code.ts';
import type { ConformFlags } from './flags.ts';
import { startProgress } from './progress.ts';

/** `thpscope conform`: the model against the real kernel in QEMU. */
export async function conform(this: Context, flags: ConformFlags): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-lab-'));
  const done = await conformKernels(this, flags, folder);
  rmSync(folder, { recursive: true });
  if (!done.ok) return reportFailure(this, done.failure);
  if (done.value > 0) this.process.exitCode = EXIT.difference;
}

/** Returns the number of disagreements. */
async function conformKernels(
  context: Context,
  flags: ConformFlags,
  folder: string,
): Promise<Result<number>> {
  const seed = flags.seed ?? Math.floor(Math.random() * 2 ** 32);
  const suites: readonly Suite[] = flags.suite ? [flags.suite] : SUITES;
  const kernels = await fetchKernels(flags.kernel ? [flags.kernel] : ['7.2', '7.3']);
  if (!kernels.ok) return kernels;
  const initramfs = await buildInitramfs(folder);
  if (!initramfs.ok) return initramfs;
  const rows: string[][] = [];
  let disagreements = 0;
  for (const kernel of kernels.value) {
    const guest = await bootGuest(kernel.path, initramfs.value, folder);
    if (!guest.ok) return guest;
    try {
      for (const suite of suites) {
        const counted = await runSuite(context, guest.value, kernel, suite, flags.ranges, seed);
        if (!counted.ok) return counted;
        disagreements += counted.value.disagreements;
        rows.push([kernel.series, kernel.version, suite, ...counted.value.cells]);
      }
    } finally {
      await guest.value.stop();
    }
  }
  const head = [
    'KERNEL',
    'VERSION',
    'SUITE',
    'AGREE',
    'PASSING',
    'LASTING',
    'OF',
    ...NONE_LIMITS.map((limit) => `none=${limit}`),
  ];
  const columns = head.map((title, i) => ({ title, align: i < 3 ? ('left' as const) : ('right' as const) }));
  await print(context, `${layOutTable(columns, rows).join('\n')}\nseed ${seed}\n`);
  return succeed(disagreements);
}

interface SuiteCount {
  readonly disagreements: number;
  /** Agreements, passing and lasting differences, ranges, and agreements of ranges by max_ptes_none. */
  readonly cells: string[];
}

async function runSuite(
  context: Context,
  guest: Guest,
  kernel: BootableKernel,
  suite: Suite,
  ranges: number,
  seed: number,
): Promise<Result<SuiteCount>> {
  const model = KERNEL_MODELS[kernel.series === '7.3' ? 'linux-7.3' : 'linux-7.2'];
  const progress = startProgress(context);
  const byLimit = new Map(NONE_LIMITS.map((limit) => [limit, { agree: 0, of: 0 }]));
  let done = 0;
  let agreed = 0;
  let passing = 0;
  let lasting = 0;
  let failure: Failure | undefined;
  for (const batch of batchesOf(suite, ranges, randomFrom(seed))) {
    progress.show(done, ranges, `ranges of ${suite} on ${kernel.version}`);
    const compared = await compareBatch(guest, batch, model);
    if (!compared.ok) {
      failure = compared.failure;
      break;
    }
    const { agreements, disagreements, pagesCollapsed } = compared.value;
    done += batch.ranges.length;
    agreed += agreements;
    const limit = byLimit.get(batch.maxPtesNone);
    if (limit) {
      limit.agree += agreements;
      limit.of += batch.ranges.length;
    }
    if (disagreements.length === 0 && pagesCollapsed.real === pagesCollapsed.model) continue;

    const repeated = await repeatBatch(guest, batch, model, compared.value);
    if (!repeated.ok) {
      failure = repeated.failure;
      break;
    }
    progress.clear();
    passing += repeated.value.passing.length;
    lasting += repeated.value.lasting.length;
    const again = `thpscope conform --kernel ${kernel.series} --suite ${suite} --ranges ${ranges} --seed ${seed}`;
    for (const each of repeated.value.passing)
      await print(context, describe('agreed when asked again', each, again));
    if (repeated.value.lasting.length > 0) {
      await print(
        context,
        describe('difference', await shrink(repeated.value.lasting[0], guest, model), again),
      );
    } else if (repeated.value.countsDiffer) {
      lasting++;
      warn(
        context,
        `pages_collapsed grew by ${pagesCollapsed.real}, the model says ${pagesCollapsed.model}: ${again}`,
      );
    }
  }
  progress.clear();
  if (failure) return { ok: false, failure };
  const cells = [...byLimit.values()].map(({ agree, of }) => (of > 0 ? `${agree}/${of}` : '-'));
  return succeed({
    disagreements: lasting,
    cells: [agreed, passing, lasting, done].map(String).concat(cells),
  });
}

function describe(kind: string, { batch, real, model }: Disagreement, again: string): string {
  const [range] = batch.ranges;
  const facts = (['present', 'zero', 'shared', 'unreferenced', 'pinned', 'lazyfree', 'small'] as const)
    .map((fact) => [fact, formatPages(range[fact])])
    .filter(([, pages]) => pages !== '');
  return [
    `${kind}:`,
    `  orders ${formatOrders(batch.orders)}, max_ptes_none ${batch.maxPtesNone}, max_ptes_shared ${batch.maxPtesShared}`,
    ...facts.map(([fact, pages]) => `  ${fact} ${pages}`),
    ...(range.folioOrder > 0 ? [`  in folios of order ${range.folioOrder}`] : []),
    `  kernel ${real}`,
    `  model  ${model}`,
    `  again: ${again}`,
    '',
  ].join('\n');
}
