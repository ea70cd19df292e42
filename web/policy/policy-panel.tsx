import type { Host, Process } from '../../src/core/rules/memory-source.ts';
import { memory } from '../memory/open-memory.ts';
import { lazy } from '../shell/lazy.tsx';
import { choice, tallied } from './judgement.ts';
import { KernelField } from './kernel-field.tsx';
import { Limits } from './limits.tsx';
import { NothingNote } from './nothing-note.tsx';
import { OutcomeSummary } from './outcome-summary.tsx';
import { Presets } from './preset-buttons.tsx';
import { SizeSwitches } from './size-switches.tsx';
import { Unchanged } from './unchanged.tsx';
import './policy.css';

const CachePanel = lazy(async () => (await import('../cache/cache-panel.tsx')).CachePanel);
const Commands = lazy(async () => (await import('./commands.tsx')).Commands);
const MemoryByOrder = lazy(async () => (await import('./memory-by-order.tsx')).MemoryByOrder);
const Unseen = lazy(async () => (await import('./unseen.tsx')).Unseen);
const ProcessTable = lazy(async () => (await import('./process-table.tsx')).ProcessTable);

interface Props {
  /** Whether reasons are what is looked at: then they come before the policy. */
  readonly reasonsFirst?: boolean;
  /** Whether it lists processes: not where they are listed beside it. */
  readonly listsProcesses?: boolean;
}

/** The policy that is chosen, how to choose another, and what it does to the open memory. */
export function PolicyPanel({ reasonsFirst = false, listsProcesses = true }: Props) {
  const open = memory.value;
  if (!open) return null;
  const { geometry } = open.host;
  return (
    <aside class="panel policy" aria-label="Policy" tabIndex={0}>
      <NothingNote settings={open.host.settings} geometry={geometry} />
      <OutcomeSummary host={open.host} />
      {open.files > 0 && <PageCache />}
      {reasonsFirst && <Reasons />}
      <PolicyFields host={open.host} />
      <Orders />
      {!reasonsFirst && <Reasons />}
      {listsProcesses && <Processes processes={open.processes} />}
      <ChosenCommands />
      <Unseen memory={open} />
    </aside>
  );
}

/** How another policy is chosen. */
export function PolicyFields({ host: { settings, geometry, kernelRelease } }: { readonly host: Host }) {
  return (
    <section aria-labelledby="policy-sizes">
      <h2 id="policy-sizes">Policy</h2>
      <Presets settings={settings} geometry={geometry} />
      <SizeSwitches geometry={geometry} />
      <Limits geometry={geometry} />
      <KernelField readOn={kernelRelease} />
    </section>
  );
}

/** Each reads signals of its own, as all parts of the panel do: a change draws only what it changes. */
function Orders() {
  return tallied.value ? <MemoryByOrder tally={tallied.value.total} /> : null;
}

/** It keeps its place while it is awaited, so that nothing moves. */
function PageCache() {
  return (
    <div class="policy-cache">
      <CachePanel />
    </div>
  );
}

function Reasons() {
  return tallied.value ? <Unchanged tallied={tallied.value} /> : null;
}

function Processes({ processes }: { readonly processes: readonly Process[] }) {
  return tallied.value ? <ProcessTable tallied={tallied.value} processes={processes} /> : null;
}

function ChosenCommands() {
  return (
    <section aria-labelledby="policy-commands">
      <h2 id="policy-commands">To set it, as root</h2>
      <Commands policy={choice.value} />
    </section>
  );
}
