import type { LayerPart } from '../subject.ts';
import type { Layer, OwnLayer } from './layers.ts';

/** The layers of the split, from left to right. */
const SPLIT_LAYERS = ['before', 'after', 'restart'] as const satisfies readonly OwnLayer[];

/** `0.25,0.75`: where parts end; thirds of the share that is used where a text says nothing of the kind. */
export function splitFrom(text: string | undefined, used: number): readonly [number, number] {
  const [left, right, ...more] = (text ?? '').split(',').map(Number);
  const isSplit = more.length === 0 && left >= 0 && right >= left && right <= 1;
  return isSplit ? [left, right] : [used / 3, (2 * used) / 3];
}

/** The split with one of its ends elsewhere; it pushes the other along. */
export function splitWith(
  [left, right]: readonly [number, number],
  end: 0 | 1,
  to: number,
): readonly [number, number] {
  const at = Math.min(1, Math.max(0, to));
  return end === 0 ? [at, Math.max(at, right)] : [Math.min(left, at), at];
}

/** Which layer has which columns of a picture. */
export function layerParts(
  layer: Layer,
  [left, right]: readonly [number, number],
  width: number,
): LayerPart[] {
  if (layer !== 'split') return [{ layer, first: 0, end: width }];
  const ends = [0, Math.round(left * width), Math.round(right * width), width];
  return SPLIT_LAYERS.map((each, i) => ({ layer: each, first: ends[i], end: ends[i + 1] }));
}
