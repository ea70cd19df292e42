import type { Geometry } from '../../src/core/memory/geometry.ts';
import type { PolicyCounts } from '../../src/core/plan/policy-counts.ts';
import { adviceLine, outcomeLines, worthLine } from '../../src/render/words/advise-view.ts';
import type { Totals } from '../memory/memory-worker-protocol.ts';
import { Commands } from '../policy/commands.tsx';
import type { SweptAdvice } from './sweeper.ts';
import { choiceWith, isPolicyChosen, take } from './trade-off.ts';

interface Props {
  readonly advice: SweptAdvice;
  readonly recorded: Totals | undefined;
  readonly geometry: Geometry;
}

/** The policy that fits the budget, in the words of `thpscope advise`. */
export function AdviceCard({ advice, recorded, geometry }: Props) {
  const { chosen, withoutGrowth, counts, residentPages, hugePages } = advice;
  const { policy } = chosen;
  const worth = worthLine(chosen, withoutGrowth, residentPages, geometry);
  const taken = isPolicyChosen(policy);
  return (
    <div class="tradeoff-advice">
      <p class="tradeoff-sentence" role="status">
        {adviceLine(policy, geometry)}
      </p>
      <OutcomeLines {...{ counts, residentPages, hugePages, geometry }} />
      {worth !== undefined && <p class="tradeoff-worth">{worth}</p>}
      <p>
        <button type="button" class="button" disabled={taken} onClick={() => take(policy)}>
          {taken ? 'Chosen' : 'Take it'}
        </button>
      </p>
      <details>
        <summary>Writes to sysfs</summary>
        <Commands policy={choiceWith(policy)} />
      </details>
      {recorded && (
        <details>
          <summary>What the recorded settings come to</summary>
          <OutcomeLines
            counts={recorded.counts}
            residentPages={recorded.residentPages}
            hugePages={recorded.hugePages}
            geometry={geometry}
          />
        </details>
      )}
      <details>
        <summary>What this could not see or promise</summary>
        <ul>
          {advice.blindSpots.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </details>
    </div>
  );
}

interface LinesProps {
  readonly counts: PolicyCounts;
  readonly residentPages: number;
  readonly hugePages: number;
  readonly geometry: Geometry;
}

function OutcomeLines({ counts, residentPages, hugePages, geometry }: LinesProps) {
  const { gains, atOnce, later } = outcomeLines(counts, hugePages, residentPages, geometry);
  return (
    <dl>
      <dt>gains</dt>
      <dd>{gains}</dd>
      <dt>costs at once</dt>
      <dd>{atOnce}</dd>
      <dt>later passes</dt>
      <dd>{later}</dd>
    </dl>
  );
}
