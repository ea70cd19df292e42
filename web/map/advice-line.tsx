import { effect } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { percent } from '../../src/core/base/percent.ts';
import { grouped } from '../../src/core/base/plural.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import { writeScript } from '../../src/render/text/advise/write-script.ts';
import { reasonLines } from '../../src/render/words/advise/advice-reasons.ts';
import { adviceLine, lossLines } from '../../src/render/words/advise/advise-view.ts';
import { memory } from '../memory/open-memory.ts';
import { copyText } from '../policy/copy-text.ts';
import { choice, choose, judging, tallied } from '../policy/judgement.ts';
import { go } from '../state/link.ts';
import type { SweptAdvice } from '../tradeoff/sweeper.ts';
import { advice, canSweep, followTradeoff, isChosen } from '../tradeoff/trade-off.ts';

/** All policies are asked once the map has been still for so long: it comes first. */
const STILL_MS = 300;

/** What `thpscope advise` says of the open memory, and what it costs, in a line. */
export function AdviceLine() {
  useEffect(followWhenStill, []);
  const open = memory.value;
  const given = advice.value;
  if (!open) return null;
  if (!canSweep.value)
    return <p>No advice by the rules of {choice.value.model}: its policies have to be walked.</p>;
  if (!given) return <p>…</p>;
  return (
    <>
      <p>
        <strong>
          {given.advice.leave && given.advice.inForce
            ? 'Leave the settings as recorded.'
            : adviceLine(given.advice, open.host.geometry)}
        </strong>{' '}
        {whyWords(given, open.host.geometry)}
      </p>
      <span class="advice-buttons">
        {!given.advice.leave && <Buttons given={given} />}
        <button type="button" class="button" onClick={() => go('tradeoff')}>
          Why
        </button>
      </span>
    </>
  );
}

/** What it gains and costs, what it rests on, and by which budget. */
function whyWords(given: SweptAdvice, geometry: Geometry): string {
  const { advice, budget, machinePages } = given;
  const reasons = reasonLines(advice, budget, { residentPages: machinePages, geometry });
  const gains = advice.leave ? [] : [costWords(given, geometry), ...lossLines(advice, geometry)];
  const most = Number.isFinite(budget.growthPages)
    ? `of at most ${formatSize(budget.growthPages, geometry)} (${percent(budget.growthPages, machinePages)})`
    : 'of any size';
  return [...gains, ...reasons, `Budget: growth ${most}.`].join(' ');
}

function Buttons({ given }: { readonly given: SweptAdvice }) {
  const [copied, setCopied] = useState<string | undefined>();
  const taken = isChosen(given.choice);
  const copy = async () => {
    const done = await copyText(writeScript(given.advice.set));
    setCopied(done ? 'copied' : 'this page may not copy: take it, the writes are in the panel');
  };
  return (
    <>
      <span role="status">{copied}</span>
      <button type="button" class="button" disabled={taken} onClick={() => choose(given.choice)}>
        {taken ? 'Shown' : 'Take'}
      </button>
      <button type="button" class="button" onClick={copy}>
        Copy writes
      </button>
    </>
  );
}

/** What the advised settings gain and cost. */
function costWords({ advice: { advised }, tlbEntries }: SweptAdvice, geometry: Geometry): string {
  const { tlbEntries: then, growthPages, restart } = advised.worth;
  const entries = (count: number) => grouped(Math.round(count));
  const size = (pages: number) => `+${formatSize(Math.max(0, pages), geometry)}`;
  const again = restart
    ? `; a restart: ${entries(restart.tlbEntries)}, at most ${size(restart.growthPages)}`
    : '';
  return `${entries(tlbEntries)} → ${entries(then)} TLB entries, growth ${size(growthPages)}${again}.`;
}

function followWhenStill(): () => void {
  let stop: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = effect(() => {
    clearTimeout(timer);
    if (stop || judging.value || !tallied.value || !memory.value?.complete) return;
    timer = setTimeout(() => {
      stop = followTradeoff();
    }, STILL_MS);
  });
  return () => {
    clearTimeout(timer);
    wait();
    stop?.();
  };
}
