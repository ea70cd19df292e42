import { pagesPerRange } from '../../../src/core/memory/geometry.ts';
import { asOffset, asOrder, type Window } from '../../../src/core/memory/order.ts';
import { actionAfter } from '../../../src/core/rules/scan-result.ts';
import { algorithmOf, type MachineAlgorithm, type SearchMachine } from '../../../src/core/search/machine.ts';
import { walk } from '../../../src/core/search/walk.ts';

const ofWalk = walk.machine as SearchMachine<Window | undefined>;

/** After a failure at the lowest enabled order the neighbour is stepped over, too. */
const skipsNeighbours = algorithmOf<Window | undefined>('skips-neighbours', {
  ...ofWalk,
  next(state, answer, setting) {
    const next = ofWalk.next(state, answer, setting);
    const failed = answer === 'next-order' && state && next && next.offset > state.offset;
    return failed ? ofWalk.next(next, 'next-offset', setting) : next;
  },
});

/** One of the reasons to descend ends the search: a switch with an entry in the wrong place. */
const lazyfreeStops = algorithmOf<Window | undefined>('lazyfree-stops', {
  ...ofWalk,
  action: (result) => (result === 'SCAN_PAGE_LAZYFREE' ? 'stop' : actionAfter(result)),
});

/** The offset is kept in a byte: 256 is 0 again, and the search does not end. Right below PMD order 9. */
const offsetInByte = algorithmOf<Window | undefined>('offset-in-byte', {
  ...ofWalk,
  next(state, answer, setting) {
    const next = ofWalk.next(state, answer, setting);
    return next && { ...next, offset: asOffset(next.offset & 0xff) };
  },
});

/** A stack with room for seven windows, whose lowest one is lost. Right below PMD order 9. */
const shortStack = algorithmOf<readonly Window[]>('short-stack', {
  start: ({ geometry }) => [{ offset: asOffset(0), order: asOrder(geometry.pmdOrder) }],
  window: (stack) => stack.at(-1),
  next(stack, answer, { orders }) {
    const below = stack.slice(0, -1);
    const top = stack.at(-1);
    if (top === undefined || answer === 'stop') return [];
    if (answer === 'next-offset' || (orders & ((1 << top.order) - 1)) === 0) return below;
    const half = asOrder(top.order - 1);
    const right = { offset: asOffset(top.offset + (1 << half)), order: half };
    return [...below, right, { offset: top.offset, order: half }].slice(-7);
  },
});

/** The last window of the range is left out where the one before it collapsed or was skipped. */
const skipsTheLast = algorithmOf<Window | undefined>('skips-the-last', {
  ...ofWalk,
  next(state, answer, setting) {
    const next = ofWalk.next(state, answer, setting);
    const last = next && next.offset + 4 === pagesPerRange(setting.geometry) && next.order === 2;
    return answer === 'next-offset' && last ? undefined : next;
  },
});

/** Only the PMD order is descended from when it is disabled; any other disabled order is stepped over. */
const disabledEnds = algorithmOf<Window | undefined>('disabled-ends', {
  ...ofWalk,
  next(state, answer, setting) {
    const below = state && state.order < setting.geometry.pmdOrder;
    return ofWalk.next(state, answer === 'disabled' && below ? 'next-offset' : answer, setting);
  },
});

/** Half of a range that has too few pages is taken for all of it. */
const tooFewEnds = algorithmOf<Window | undefined>('too-few-ends', {
  ...ofWalk,
  next(state, answer, setting) {
    const next = ofWalk.next(state, answer, setting);
    const half = state && state.offset === 0 && state.order === setting.geometry.pmdOrder - 1;
    return half && answer === 'too-few' ? ofWalk.next(state, 'next-offset', setting) : next;
  },
});

/** What ends the search ends the window only. */
const goesOnAfterStop = algorithmOf<Window | undefined>('goes-on-after-stop', {
  ...ofWalk,
  next: (state, answer, setting) => ofWalk.next(state, answer === 'stop' ? 'next-offset' : answer, setting),
});

/** Machines that are wrong, and the PMD order from which on they are. */
export const WRONG_MACHINES: readonly (readonly [MachineAlgorithm, number])[] = [
  [skipsNeighbours, 3],
  [lazyfreeStops, 3],
  [offsetInByte, 9],
  [shortStack, 9],
  [skipsTheLast, 3],
  [disabledEnds, 4],
  [tooFewEnds, 4],
  [goesOnAfterStop, 3],
];
