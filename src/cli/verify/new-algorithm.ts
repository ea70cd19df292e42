import { readFileSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { C_WALK } from '../shared/c-walk/c-file.ts';

/** The C file of `--new`. */
function newCFile(): Buffer {
  return readFileSync(join(C_WALK, 'starter.c'));
}

/** Writes a module or a C file with the walk in it, to start from; a file that is there already stays. */
export async function writeNewAlgorithm(path: string, asMachine: boolean): Promise<Result<void>> {
  const isTyped = /\.[cm]?ts$/.test(path);
  const isC = path.endsWith('.c');
  if (!isTyped && !isC && !/\.m?js$/.test(path))
    return fail('usage', `--new ${path}: the name must end in .js, .ts or .c`);
  if (asMachine && isC) return fail('usage', `--new ${path}: a machine is a module: .js or .ts`);
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'wx');
    const make = asMachine ? newMachine : newAlgorithm;
    await file.writeFile(isC ? newCFile() : make(isTyped ? 'typescript' : 'javascript'));
    await file.sync();
  } catch (error) {
    // Half of it would be in the way of the next try.
    if (file) await rm(path, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT')
      return fail(
        'unsupported',
        `--new ${path}: ${dirname(path)} is full; free some space or write elsewhere`,
      );
    return fail('usage', `--new ${path}: ${code === 'EEXIST' ? 'is there already' : message}`);
  } finally {
    await file?.close();
  }
  return succeed(undefined);
}

/** A module with the walk in it. */
export function newAlgorithm(language: 'javascript' | 'typescript'): string {
  const typed = language === 'typescript';
  const head = typed ? "import type { AlgorithmModule } from 'thpscope/algorithm';\n\n" : '';
  const [open, close] = typed
    ? ['export default (', ') satisfies AlgorithmModule']
    : ["/** @type {import('thpscope/algorithm').AlgorithmModule} */\nexport default ", ''];
  return `${head}// An algorithm that decides which windows of a PMD range khugepaged tries to collapse.
// This one is the walk of Linux 7.2; change it, then:  thpscope verify walk THIS-FILE
//
// It is handed thpscope's own rules, so that it runs anywhere; editors know the types where thpscope is
// installed:
//   judgeWindow(range, policy, offset, order)  { offset, order, enabled, occupied, needed, qualifies }
//   naturalOrder(offset, geometry)             the largest order aligned at an offset; the PMD order at 0
//   hasLowerOrder(policy.orders, order)        is any smaller order enabled?  also hasOrder, ordersOf
//   actionAfter(result)                        as Linux goes on: 'next-offset', 'next-order' or 'stop'
//   new RangeResult()                          the result of the range: record(result), then under(policy)
//   pagesPerRange(geometry)                    512 at PMD order 9
//   asOffset(number), asOrder(number)          the number, typed: types keep offsets and orders apart
//
// observe, where verify gives it, takes each window that is looked at, when it is decided: verify counts
// those visits. A search that keeps a stack of windows adds it to the visit: { ...window, result, next, stack
// }, as it is right after the pop.
//
// Offsets count PTEs from the start of the range, an order k is 2^k PTEs. range.geometry.pmdOrder is 9 on
// x86-64; verify tries 3 to 13. range.occupied is a bitmap, 32 PTEs a word.
${open}({
  judgeWindow, RangeResult, actionAfter, pagesPerRange, naturalOrder, hasLowerOrder, asOffset, asOrder,
}) => ({
  collapse(range, policy, attempt, observe) {
    const outcome = new RangeResult();
    let offset = asOffset(0);
    let order = asOrder(range.geometry.pmdOrder);
    while (offset < pagesPerRange(range.geometry)) {
      const window = judgeWindow(range, policy, offset, order);
      // attempt takes a list of windows and returns their results; several in one list are tried together.
      const result = window.qualifies ? attempt([window])[0] : undefined;
      if (result !== undefined) outcome.record(result);
      const action = result === undefined ? 'next-order' : actionAfter(result);
      if (action === 'stop') {
        offset = asOffset(pagesPerRange(range.geometry));
      } else if (action === 'next-order' && order > 2 && hasLowerOrder(policy.orders, order)) {
        order = asOrder(order - 1);
      } else {
        offset = asOffset(offset + (1 << order));
        order = naturalOrder(offset, range.geometry);
      }
      const next = offset < pagesPerRange(range.geometry) ? { offset, order } : undefined;
      observe?.({ ...window, result, next, stack: undefined });
    }
    return outcome.under(policy);
  },
})${close};
`;
}

/** A module with the walk as a machine in it. */
export function newMachine(language: 'javascript' | 'typescript'): string {
  const typed = language === 'typescript';
  const head = typed
    ? "import type { AlgorithmKit, SearchMachine, Window } from 'thpscope/algorithm';\n\n"
    : '';
  const open = typed
    ? 'export default ({ pagesPerRange, naturalOrder, hasLowerOrder, asOffset, asOrder }: AlgorithmKit) => ({'
    : `/** @type {import('thpscope/algorithm').AlgorithmModule} */
export default ({ pagesPerRange, naturalOrder, hasLowerOrder, asOffset, asOrder }) => ({`;
  return `${head}// A search for windows of a PMD range as a state machine: thpscope verify walk THIS-FILE  proves for every
// bitmap, limit, set of orders and outcome that it does what the walk does, or finds the smallest range where
// it does not. This one is the walk of Linux 7.2; change it.
//
// A state is any plain value: numbers, texts, lists, records. It holds all that the search remembers, and is
// never changed: next makes another. setting is { geometry, orders, minOrder }.
//
// The answer for the window of a state is 'disabled' (its order is not enabled), 'too-few' (pages), or, where
// it was attempted, what its result leads to: 'next-order' (its halves), 'next-offset' (past it) or 'stop'.
// If results lead elsewhere than in Linux, add  action(result) { return ... };
// if a window is attempted by another rule,     attempts(fill) { ... }  of 'too-few', 'enough-with-swap' and
// 'enough'; if there is a stack,                stack(state) { ... }    the windows under the one visited.
${open}
  start: ({ geometry }) => ({ offset: asOffset(0), order: asOrder(geometry.pmdOrder) }),

  // The window that is visited in this state; undefined at the end.
  window: (state) => state,

  next(state, answer, { geometry, orders }) {
    if (state === undefined || answer === 'stop') return undefined;
    const { offset, order } = state;
    if (answer !== 'next-offset' && order > 2 && hasLowerOrder(orders, order)) {
      return { offset, order: asOrder(order - 1) };
    }
    const past = asOffset(offset + (1 << order));
    return past < pagesPerRange(geometry) ? { offset: past, order: naturalOrder(past, geometry) } : undefined;
  },
})${typed ? ' satisfies SearchMachine<Window | undefined>' : ''};
`;
}
