import { memory, memoryWorker } from '../memory/open-memory.ts';
import { choice, judgement } from '../policy/judgement.ts';
import { layer, split, standingOut } from './map-state.ts';
import { LAYERS, type OwnLayer, pteColors, rowPainter } from './picture/layers.ts';
import { layerParts } from './picture/split.ts';
import type { MapSubject } from './subject.ts';

/** The open memory, and what the policy does to it. */
export const memorySubject: MapSubject = {
  memory,
  layers: LAYERS,
  parts: (width) => layerParts(layer.value, split.value, width),
  small: () => (layer.value === 'split' ? 'after' : layer.value),
  standingOut,
  colorKey: (of) => (of === 'before' || of === 'use' ? [memory.value] : [memory.value, judgement.value]),
  rowPainter: (of, isDark) =>
    memory.value ? rowPainter(of as OwnLayer, memory.value, judgement.value, isDark) : () => undefined,
  pteColors: (of, isDark) => pteColors(of as OwnLayer, memory.value?.host.geometry.pmdOrder ?? 9, isDark),
  hasFolios: (of) => of !== 'use',
  tileKey: () => [choice.value],
  tiles: async (rows) => {
    const { before, after, restarted } = await memoryWorker.tiles(rows, choice.peek());
    return { before, use: before, after, growth: after, restart: restarted };
  },
};
