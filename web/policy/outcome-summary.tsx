import { useEffect, useState } from 'preact/hooks';
import { checkDigestModel } from '../../src/analysis/digest-query.ts';
import { percent } from '../../src/core/base/percent.ts';
import { grouped } from '../../src/core/base/plural.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { choice, judgement, totals } from './judgement.ts';
import { type PolicyOutcome, policyOutcomeOf } from './policy-outcome.ts';

/** A screen reader hears the numbers once nothing has changed for so long. */
const QUIET_MS = 700;

/** What the policy gains and costs, in four lines. */
export function OutcomeSummary({ geometry }: { readonly geometry: Geometry }) {
  const outcome = policyOutcomeOf(totals.value, judgement.value);
  const canDigest = checkDigestModel(KERNEL_MODELS[choice.value.model]).ok;
  const words = outcome && wordsOf(outcome, geometry, canDigest);
  return (
    <section class="policy-outcome" aria-labelledby="policy-outcome">
      <h2 id="policy-outcome">What it does</h2>
      {words ? (
        <dl>
          <dt>RSS</dt>
          <dd>
            <strong>{words.growth}</strong> <span>{words.growthShare}</span>
          </dd>
          <dt>huge pages</dt>
          <dd>
            {words.hugeNow} → <strong>{words.hugeThen}</strong> <span>{words.hugeBytes}</span>
          </dd>
          <dt>attempts</dt>
          <dd>
            <strong>{words.attempts}</strong> <span>{words.later}</span>
          </dd>
          <dt>copied</dt>
          <dd>
            <strong>{words.copied}</strong>
          </dd>
        </dl>
      ) : (
        <p class="policy-note">…</p>
      )}
      {words && <Announcement text={`RSS ${words.growth}, huge pages ${words.hugeThen}`} />}
    </section>
  );
}

function wordsOf(outcome: PolicyOutcome, geometry: Geometry, canDigest: boolean) {
  const { residentPages, hugeNow, hugeThen, growthPages, attempts, laterAttempts, copiedPages } = outcome;
  return {
    growth: `+${formatSize(growthPages, geometry)}`,
    growthShare: `+${percent(growthPages, residentPages)} of ${formatSize(residentPages, geometry)}`,
    hugeNow: percent(hugeNow, residentPages),
    hugeThen: percent(hugeThen, residentPages),
    hugeBytes: `${formatSize(hugeNow, geometry)} → ${formatSize(hugeThen, geometry)} in use`,
    attempts: grouped(attempts),
    later:
      laterAttempts === undefined
        ? `now; later passes are ${canDigest ? 'counted when all is read' : 'not known for this model'}`
        : `now, ${grouped(laterAttempts)} in every later pass`,
    copied: formatSize(copiedPages, geometry),
  };
}

function Announcement({ text }: { readonly text: string }) {
  const [said, setSaid] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSaid(text), QUIET_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <p class="visually-hidden" role="status">
      {said}
    </p>
  );
}
