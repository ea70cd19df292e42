import { parentPort, workerData } from 'node:worker_threads';
import { x86_64 } from '../../../core/memory/geometry.ts';
import type { CheckedAlgorithm } from '../../../verify/checked-algorithm.ts';
import { guarded } from '../../../verify/guarded-algorithm.ts';
import { sayPrints } from '../c-walk/walk-process.ts';
import { loadAlgorithm } from './algorithm-module.ts';
import { bounded, searchFailure } from './search-failure.ts';
import { type FromSearch, type SearchTask, sendOn, type ToSearch, waitOn } from './search-thread.ts';
import type { VerifyMessage } from './verify-job.ts';

// One algorithm at hand: it searches whatever range it is given, until the thread is ended.
const { name, deadlines, c, line } = workerData as SearchTask;
const say = (message: VerifyMessage) => parentPort?.postMessage(message);
const answer = (message: FromSearch) => sendOn(line, message);

process.exit = () => {
  throw new Error('it ended the process');
};

const cWalks = c && {
  ...c,
  geometry: x86_64,
  say: (text: string) => say({ kind: 'said', text }),
  started: (pid: number) => say({ kind: 'started', pid }),
};
void loadAlgorithm(name, cWalks).then((loaded) => {
  if (loaded.ok) {
    serve(bounded(guarded(loaded.value), deadlines.step));
    say({ kind: 'answer', answer: undefined });
  } else say({ kind: 'failure', failure: loaded.failure });
});

function serve({ algorithm }: CheckedAlgorithm): void {
  line.port.on('message', (asked: ToSearch) => {
    if (asked.kind !== 'search') return;
    try {
      const result = algorithm.collapse(asked.range, asked.policy, (batch) => {
        answer({
          kind: 'attempt',
          batch: batch.map(({ offset, order, reclaim }) => ({ offset, order, reclaim })),
        });
        const told = waitOn<ToSearch>(line);
        return told?.kind === 'results' ? told.results : [];
      });
      sayPrints();
      answer({ kind: 'result', result });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const failure = searchFailure(error, [name]) ?? { kind: 'unreadable', message: `${name}: ${message}` };
      answer({ kind: 'failed', failure });
    }
  });
}
