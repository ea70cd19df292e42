import type { Geometry } from '../../src/core/geometry.ts';
import { anonOrders, asOrder, formatOrder, NO_ORDERS, orderSet } from '../../src/core/order.ts';
import { defaultSettings, type ThpSettings } from '../../src/core/thp-settings.ts';
import { choiceOf, type PolicyChoice } from './choice.ts';

/** A policy at the press of a button. */
export interface Preset {
  readonly label: string;
  /** What it says of a policy; the rest stays. */
  readonly changes: Partial<PolicyChoice>;
}

/** The presets for memory that was read under these settings; without settings there is nothing to go back to. */
export function presetsFor(recorded: ThpSettings | undefined, geometry: Geometry): Preset[] {
  const sizesAndLimits = (settings: ThpSettings): Partial<PolicyChoice> => {
    const { model: _, ...changes } = choiceOf(settings, geometry, 'linux-7.2');
    return changes;
  };
  return [
    ...(recorded ? [{ label: 'as recorded', changes: sizesAndLimits(recorded) }] : []),
    { label: 'kernel default', changes: sizesAndLimits(defaultSettings(geometry)) },
    { label: 'all sizes', changes: { always: anonOrders(geometry), madvise: NO_ORDERS } },
    {
      label: `${formatOrder(asOrder(geometry.pmdOrder), geometry)} only`,
      changes: { always: orderSet([geometry.pmdOrder]), madvise: NO_ORDERS },
    },
    { label: 'none', changes: { always: NO_ORDERS, madvise: NO_ORDERS } },
  ];
}

export function isChosen({ changes }: Preset, choice: PolicyChoice): boolean {
  return Object.entries(changes).every(([key, value]) => choice[key as keyof PolicyChoice] === value);
}
