import type { MapSubject } from '../map/subject.ts';
import { CHANGE_LAYERS, type ChangeLayer, changePainter, changePteColors } from './change-layers.ts';
import {
  changeLayer,
  changesStandingOut,
  changesWorker,
  comparedMemory,
  comparedReadings,
  foretold,
} from './changes-state.ts';

/** The ranges of two readings, and what became of them. */
export const changesSubject: MapSubject = {
  memory: comparedMemory,
  layers: CHANGE_LAYERS,
  parts: (width) => [{ layer: changeLayer.value, first: 0, end: width }],
  small: () => changeLayer.value,
  standingOut: changesStandingOut,
  colorKey: () => [comparedReadings.value, foretold.value],
  rowPainter: (layer, isDark) =>
    comparedReadings.value
      ? changePainter(layer as ChangeLayer, comparedReadings.value, foretold.value, isDark)
      : () => undefined,
  pteColors: (layer, isDark) =>
    changePteColors(
      layer as ChangeLayer,
      comparedReadings.value?.difference.memory.geometry.pmdOrder ?? 9,
      isDark,
    ),
  hasFolios: (layer) => layer !== 'changes',
  tileKey: () => [comparedReadings.value?.before.time, comparedReadings.value?.after.time],
  tiles: async (rows) => ({ ...(await changesWorker.tiles(rows)) }),
};
