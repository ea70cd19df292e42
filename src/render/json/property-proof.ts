import { ordersOf } from '../../core/memory/order.ts';
import type { Bound, BrokenProperty, PropertyProof } from '../../verify/proof/property-proof.ts';

/** What a proof about one algorithm adds to the JSON of `verify`. */
export function propertyProofJson(proof: PropertyProof, why: string | undefined): object {
  const { proved, gone, fails, broken, of, leavesOpen, missesLightly } = proof;
  const sum = (of: 'sets' | 'states') => gone.reduce((total, each) => total + each[of], 0);
  return {
    proved: proved && leavesOpen.length === 0,
    ...(why === undefined ? {} : { notProved: why }),
    states: sum('states'),
    sets: sum('sets'),
    pmdOrders: gone.map(({ pmdOrder }) => pmdOrder),
    proof: {
      ...(of === 'parts' ? { of, leavesOpen } : {}),
      gone: gone.map(({ visits, attempts, stack, rounds, ...rest }) => ({
        ...rest,
        visits: boundJson(visits),
        attempts: boundJson(attempts),
        ...(rounds && { rounds: boundJson(rounds) }),
        ...(stack && { stack: { ...boundJson(stack), visited: stack.visited, below: stack.below } }),
      })),
      ...(fails && { reachedBy: fails, ...(missesLightly ? { afterLightMisses: true } : {}) }),
      ...(broken && { broken: brokenJson(broken) }),
    },
  };
}

function boundJson({ most, orders, reached }: Bound): object {
  return { most, orders: ordersOf(orders), reached };
}

function brokenJson({ broken, pmdOrder, orders, steps, missed }: BrokenProperty): object {
  return {
    property: broken,
    pmdOrder,
    orders: ordersOf(orders),
    answers: steps.map(({ offset, order, fill, result, reclaim }) => {
      return { offset, order, fill, ...(result && { result }), ...(reclaim && { reclaim }) };
    }),
    ...(missed && { misses: missed }),
  };
}
