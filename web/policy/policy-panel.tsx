import type { Process } from '../../src/core/rules/memory-source.ts';
import { memory } from '../memory/open-memory.ts';
import { Commands } from './commands.tsx';
import { choice, tallied } from './judgement.ts';
import { KernelField } from './kernel-field.tsx';
import { Limits } from './limits.tsx';
import { MemoryByOrder } from './memory-by-order.tsx';
import { NothingNote } from './nothing-note.tsx';
import { OutcomeSummary } from './outcome-summary.tsx';
import { Presets } from './preset-buttons.tsx';
import { ProcessTable } from './process-table.tsx';
import { SizeSwitches } from './size-switches.tsx';
import { Unchanged } from './unchanged.tsx';
import { Unseen } from './unseen.tsx';
import './policy.css';

/** The policy that is chosen, how to choose another, and what it does to the open memory. */
export function PolicyPanel() {
  const open = memory.value;
  if (!open) return null;
  const { geometry } = open.host;
  return (
    <aside class="panel policy" aria-label="Policy" tabIndex={0}>
      <NothingNote settings={open.host.settings} geometry={geometry} />
      <OutcomeSummary host={open.host} />
      <section aria-labelledby="policy-sizes">
        <h2 id="policy-sizes">Policy</h2>
        <Presets settings={open.host.settings} geometry={geometry} />
        <SizeSwitches geometry={geometry} />
        <Limits geometry={geometry} />
        <KernelField readOn={open.host.kernelRelease} />
      </section>
      <Judged processes={open.processes} />
      <ChosenCommands />
      <Unseen memory={open} />
    </aside>
  );
}

/** Reads signals of its own, as all parts of the panel do: a change draws only what it changes. */
function Judged({ processes }: { readonly processes: readonly Process[] }) {
  const judged = tallied.value;
  if (!judged) return null;
  return (
    <>
      <MemoryByOrder tally={judged.total} />
      <Unchanged tallied={judged} />
      <ProcessTable tallied={judged} processes={processes} />
    </>
  );
}

function ChosenCommands() {
  return (
    <section aria-labelledby="policy-commands">
      <h2 id="policy-commands">To set it, as root</h2>
      <Commands policy={choice.value} />
    </section>
  );
}
