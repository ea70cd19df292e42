import type { Geometry } from '../../src/core/memory/geometry.ts';
import type { ThpSettings } from '../../src/core/rules/thp-settings.ts';
import { choice, choose } from './judgement.ts';
import { isPresetChosen, presetsFor } from './policy-presets.ts';

interface Props {
  readonly settings: ThpSettings | undefined;
  readonly geometry: Geometry;
}

export function Presets({ settings, geometry }: Props) {
  return (
    <div class="policy-presets" role="group" aria-label="Policies to begin with">
      {presetsFor(settings, geometry).map((preset) => (
        <button
          key={preset.label}
          type="button"
          class="button"
          aria-pressed={isPresetChosen(preset, choice.value)}
          onClick={() => choose(preset.changes)}
        >
          {preset.label}
        </button>
      ))}
    </div>
  );
}
