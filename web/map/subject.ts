import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { OpenMemory } from '../memory/open-memory.ts';
import { link, type View } from '../state/link.ts';
import type { PixelColumns } from './picture/raster.ts';
import type { RowPainter } from './picture/row-colors.ts';
import type { StandingOut } from './picture/standing-out.ts';

/** A layer and the columns of pixels that are its. */
export interface LayerPart extends PixelColumns {
  readonly layer: string;
}

/** What is on the map in one view: the rows of some memory, and what colours say of them. */
export interface MapSubject {
  /** Undefined while there is none. */
  readonly memory: ReadonlySignal<OpenMemory | undefined>;
  /** Layers that may be chosen, in the order of their keys. */
  readonly layers: readonly string[];
  /** Which layer is where in a picture so many pixels wide. */
  readonly parts: (width: number) => readonly LayerPart[];
  /** The layer of the whole map in small. */
  readonly small: () => string;
  /** The rows that alone are looked at; undefined for all. */
  readonly standingOut: ReadonlySignal<StandingOut | undefined>;
  /** What the colours of rows depend on in a layer, besides the scheme. */
  readonly colorKey: (layer: string) => readonly unknown[];
  readonly rowPainter: (layer: string, isDark: boolean) => RowPainter;
  /** The colour of each code that `tiles` has for the layer. */
  readonly pteColors: (layer: string, isDark: boolean) => Uint32Array;
  /** Whether the codes of a layer name orders of folios, which are then outlined. */
  readonly hasFolios: (layer: string) => boolean;
  /** What the codes of PTEs depend on, besides rows. */
  readonly tileKey: () => readonly unknown[];
  /** The codes of the PTEs of rows, range after range, by layer; a layer without them shows none. */
  readonly tiles: (rows: readonly number[]) => Promise<Readonly<Record<string, Uint8Array>>>;
}

const subjects = signal<Partial<Record<View, MapSubject>>>({});

/** Says what a view has on its map. */
export function provideSubject(view: View, subject: MapSubject): void {
  subjects.value = { ...subjects.peek(), [view]: subject };
}

/** What is on the map of the view that is looked at. */
export const subject = computed(() => subjects.value[link.value.view]);
/** The memory on that map. */
export const onMap = computed(() => subject.value?.memory.value);
