import { ordersOf } from '../../core/memory/order.ts';
import type { EqualityProof, Parting } from '../../verify/proof/equality-proof.ts';

/** What a proof adds to the JSON of `verify`. */
export function proofJson(proof: EqualityProof | undefined, why: string | undefined): object {
  if (!proof) return { proved: false, notProved: why };
  const { proved, sameness, gone, parting, found, onlyFree } = proof;
  const sum = (of: 'sets' | 'states') => gone.reduce((total, each) => total + each[of], 0);
  return {
    proved,
    ...(why === undefined ? {} : { notProved: why }),
    states: sum('states'),
    sets: sum('sets'),
    pmdOrders: gone.map(({ pmdOrder }) => pmdOrder),
    proof: {
      gone,
      ...(proved ? { same: sameness } : {}),
      ...(found ? { smallest: found.smallest } : {}),
      ...(parting ? { parting: partingJson(parting), onlyIfAnswersWereFree: onlyFree } : {}),
    },
  };
}

function partingJson({ pmdOrder, orders, steps, windows }: Parting): object {
  return {
    pmdOrder,
    orders: ordersOf(orders),
    answers: steps.map(({ offset, order, fill, result }) => ({
      offset,
      order,
      fill,
      ...(result && { result }),
    })),
    visits: windows.map((at) => at ?? null),
  };
}
