import { expose } from 'comlink';
import { fail, type Result, succeed } from '../../../src/core/base/failure.ts';
import type { CollapseAlgorithm } from '../../../src/core/search/algorithm.ts';
import { faultOf } from '../../../src/verify/algorithm-fault.ts';
import { checkedAlgorithmOf } from '../../../src/verify/checked-algorithm.ts';
import { guarded } from '../../../src/verify/guarded-algorithm.ts';
import { moduleAlgorithm } from '../../../src/verify/module-algorithm.ts';
import type { OwnSearchWorker } from './own-search-protocol.ts';
import { searchSteps } from './search-run.ts';

// The text of a module comes first in this worker and has run by now (see module-script.ts).
let algorithm: CollapseAlgorithm | undefined;

const worker: OwnSearchWorker = {
  async load(name): Promise<Result<void>> {
    try {
      const made = moduleAlgorithm(name, (globalThis as { thpscopeExported?: unknown }).thpscopeExported);
      if (!made) return fail('unreadable', `${name} exports no algorithm`);
      algorithm = guarded(checkedAlgorithmOf(made)).algorithm;
      return succeed(undefined);
    } catch (error) {
      return fail('unreadable', `${name}: its exported function ${faultOf(error).message}`);
    }
  },

  async search(state) {
    if (!algorithm) throw new Error('no search is loaded');
    return searchSteps(state, { algorithm, model: undefined });
  },
};

expose(worker);
