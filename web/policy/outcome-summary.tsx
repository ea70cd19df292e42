import { useEffect, useState } from 'preact/hooks';
import { checkDigestModel } from '../../src/analysis/digest/digest-query.ts';
import { percent } from '../../src/core/base/percent.ts';
import { grouped } from '../../src/core/base/plural.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { Host } from '../../src/core/rules/memory-source.ts';
import { tlbReachOf } from '../../src/core/rules/tlb-reach.ts';
import { reachWords } from '../../src/render/words/tlb-words.ts';
import { choice, tallied, totals } from './judgement.ts';
import { entryCountsOf, type PolicyOutcome, policyOutcomeOf, type RestartOutcome } from './policy-outcome.ts';

/** A screen reader hears the numbers once nothing has changed for so long. */
const QUIET_MS = 700;

/** What the policy gains and costs: by khugepaged, and by page faults when the processes start again. */
export function OutcomeSummary({ host: { geometry, cpu } }: { readonly host: Host }) {
  const outcome = policyOutcomeOf(totals.value, tallied.value);
  const reach = tlbReachOf(cpu, geometry);
  const entries = entryCountsOf(totals.value, tallied.value, reach.pages);
  const canDigest = checkDigestModel(KERNEL_MODELS[choice.value.model]).ok;
  const words = outcome && wordsOf(outcome, geometry, canDigest);
  return (
    <section class="policy-outcome" aria-labelledby="policy-outcome">
      <h2 id="policy-outcome">What khugepaged does</h2>
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
          {entries && (
            <>
              <dt>TLB entries</dt>
              <dd>
                {grouped(entries.before)} → <strong>{grouped(entries.after)}</strong>{' '}
                <span>{reachWords(reach, geometry)}</span>
              </dd>
            </>
          )}
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
      {outcome?.restart && (
        <Restart
          restart={outcome.restart}
          entries={entries?.restart}
          now={outcome.residentPages}
          geometry={geometry}
        />
      )}
      {words && <Announcement text={`RSS ${words.growth}, huge pages ${words.hugeThen}${words.restart}`} />}
    </section>
  );
}

/** The bound for a restart, and what it does not say. */
function Restart({
  restart,
  entries,
  now,
  geometry,
}: {
  readonly restart: RestartOutcome;
  readonly entries: number | undefined;
  readonly now: number;
  readonly geometry: Geometry;
}) {
  const { residentPages, touchedPages, hugePages, growthPages, largerFolioPages, sharedPages } = restart;
  const { machinePages, machineGrowthPages } = restart;
  const size = (pages: number) => formatSize(pages, geometry);
  return (
    <>
      <h2 id="policy-restart">After a restart, page faults</h2>
      <dl aria-labelledby="policy-restart">
        <dt>RSS</dt>
        <dd>
          at most <strong>+{size(growthPages)}</strong>{' '}
          <span>
            +{percent(growthPages, now)}, to {size(residentPages)}
          </span>
        </dd>
        {machinePages !== residentPages && (
          <>
            <dt>machine</dt>
            <dd>
              at most <strong>+{size(machineGrowthPages)}</strong>{' '}
              <span>to {size(machinePages)}: what processes share by fork counts once</span>
            </dd>
          </>
        )}
        <dt>huge pages</dt>
        <dd>
          at most <strong>{percent(hugePages, touchedPages)}</strong> <span>{size(hugePages)} in use</span>
        </dd>
        {entries !== undefined && (
          <>
            <dt>TLB entries</dt>
            <dd>
              <strong>{grouped(entries)}</strong> <span>if they fill that much</span>
            </dd>
          </>
        )}
      </dl>
      <details class="policy-note">
        <summary>why at most</summary>
        Processes that start again and touch the pages that are in use now. Page faults fill less where a VMA
        grows while it is touched, where memory is read before it is written, and where pages in use were
        touched after others had been given back.
        {largerFolioPages > 0 &&
          ` ${size(largerFolioPages)} lie in folios larger than page faults may use: which of their pages were touched cannot be seen, so all count.`}
        {sharedPages > 0 &&
          ` ${size(sharedPages)} are shared by fork: one of the processes touched them, and RSS counts them in each.`}
      </details>
    </>
  );
}

function wordsOf(outcome: PolicyOutcome, geometry: Geometry, canDigest: boolean) {
  const { residentPages, hugeNow, hugeThen, growthPages, attempts, laterAttempts, copiedPages, restart } =
    outcome;
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
    restart: restart ? `; after a restart RSS at most +${formatSize(restart.growthPages, geometry)}` : '',
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
