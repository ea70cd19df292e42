import { type Geometry, pagesPerRange } from '../../src/core/memory/geometry.ts';
import { anonOrders, asOrder, formatOrder, NO_ORDERS, orderSet } from '../../src/core/memory/order.ts';
import { defaultSettings, type ThpSettings } from '../../src/core/rules/thp-settings.ts';
import { choiceOf, type PolicyChoice } from './choice.ts';

/** A policy at the press of a button. */
export interface PolicyPreset {
  readonly label: string;
  /** All of a policy but the kernel that follows it. */
  readonly changes: Omit<PolicyChoice, 'model'>;
}

/**
 * The presets for memory that was read under these settings; without settings there is nothing to go back to.
 * No two of them are the same: names of one policy share a button.
 */
export function presetsFor(recorded: ThpSettings | undefined, geometry: Geometry): PolicyPreset[] {
  const pmdSize = formatOrder(asOrder(geometry.pmdOrder), geometry);
  const most = pagesPerRange(geometry) - 1;
  const start = sizesAndLimits(recorded ?? defaultSettings(geometry), geometry);
  const all = { ...start, always: anonOrders(geometry), madvise: NO_ORDERS };
  const pmdOnly = { ...start, always: orderSet([geometry.pmdOrder]), madvise: NO_ORDERS };
  const presets = [
    ...(recorded ? [{ label: 'as recorded', changes: start }] : []),
    kernelDefault(geometry),
    { label: 'all sizes, none 0', changes: { ...all, maxPtesNone: 0 } },
    { label: `all sizes, none ${most}`, changes: { ...all, maxPtesNone: most } },
    { label: `${pmdSize} only, none 0`, changes: { ...pmdOnly, maxPtesNone: 0 } },
    { label: 'no size', changes: { ...start, always: NO_ORDERS, madvise: NO_ORDERS } },
  ];
  const different: PolicyPreset[] = [];
  for (const preset of presets) {
    const same = different.findIndex(({ changes }) => isSame(changes, preset.changes));
    if (same < 0) different.push(preset);
    else different[same] = { ...preset, label: `${different[same].label} = ${preset.label}` };
  }
  return different;
}

/** What an untouched kernel does. */
export function kernelDefault(geometry: Geometry): PolicyPreset {
  return { label: 'kernel default', changes: sizesAndLimits(defaultSettings(geometry), geometry) };
}

/** Whether a choice is all that a preset says, whatever the kernel. */
export function isPresetChosen({ changes }: PolicyPreset, choice: PolicyChoice): boolean {
  return isSame(changes, choice);
}

function isSame(a: PolicyPreset['changes'], b: PolicyPreset['changes']): boolean {
  return (Object.keys(a) as (keyof PolicyPreset['changes'])[]).every((key) => a[key] === b[key]);
}

function sizesAndLimits(settings: ThpSettings, geometry: Geometry): PolicyPreset['changes'] {
  const { model: _, ...changes } = choiceOf(settings, geometry, 'linux-7.2');
  return changes;
}
