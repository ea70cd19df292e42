import { asOffset, asOrder } from '../../src/core/memory/order.ts';
import { inkOn, orderColor } from '../../src/render/svg/palette.ts';
import { cellsPath, windowRectangle } from '../../src/render/svg/pte-layers.ts';
import { actWords, faultResultWords } from '../../src/render/words/explain/fault-words.ts';
import {
  CELL,
  CurrentWindow,
  crossed,
  FolioBlocks,
  gridOf,
  gridWidth,
  PteCells,
  pteCells,
  ringsPath,
} from '../steps/range/pte-picture.tsx';
import type { FaultPicture } from './fault-picture.ts';
import { followed } from './faults-signals.ts';

/** The PMD range of a step once it is done: folios, what of them nobody has written, and what was touched. */
export function FaultGrid({ picture, index }: { readonly picture: FaultPicture; readonly index: number }) {
  const { range, rangeStart, folios, taken, touched, filled, outside, inTheWay } = picture;
  const { geometry } = range;
  const { columns, rows } = gridOf(geometry);
  const step = followed.value.steps[index];
  const cells = (pages: readonly number[], gap: number) =>
    cellsPath(pages, { columns, width: CELL, height: CELL, gap });
  const givenBack = step.act.kind === 'dontneed' ? touched : [];
  const one = (page: number) => windowRectangle({ offset: asOffset(page), order: asOrder(0) }, columns);
  const last = rangeStart + columns * rows - 1;
  return (
    <figure class="fault-grid">
      <div class="pte-grid-frame" style={{ maxWidth: gridWidth(geometry) }}>
        <svg
          class="pte-grid pte-grid-still"
          viewBox={`0 0 ${columns * CELL} ${rows * CELL}`}
          role="img"
          aria-label={`Pages ${rangeStart} to ${last} after ${actWords(step)}: ${faultResultWords(step, geometry)}.`}
        >
          <PteCells picture={pteCells(range, outside)} geometry={geometry} />
          <path class="pte-outside" d={outsidePath(outside, columns)} />
          <FolioBlocks windows={folios} geometry={geometry} isFilled={(page) => filled.has(page)} />
          <LooseRings picture={picture} columns={columns} />
          <path class="pte-rim" d={cells(inTheWay, 1)} />
          <path class="pte-in-the-way" d={cells(inTheWay, 1)} />
          <path class="window-failed" d={givenBack.map((page) => crossed(one(page))).join('')} />
          {taken && <CurrentWindow {...windowRectangle(taken, columns)} />}
          {givenBack.length === 0 && (
            <>
              <path class="pte-rim" d={cells([...touched], 3)} />
              <path class="pte-touched" d={cells([...touched], 3)} />
            </>
          )}
        </svg>
      </div>
      <figcaption class="quiet">
        the PMD range of pages {rangeStart} to {last}, after this step
      </figcaption>
    </figure>
  );
}

/** Rings on filled pages of folios that are not mapped whole, and on small pages. */
function LooseRings({ picture, columns }: { readonly picture: FaultPicture; readonly columns: number }) {
  const { range, folios, filled } = picture;
  const isInBlock = (page: number) =>
    folios.some(({ offset, order }) => page >= offset && page < offset + (1 << order));
  const loose = [...filled].filter((page) => !isInBlock(page));
  const orderOf = (page: number) => range.folioOrders?.[page] ?? 0;
  return (
    <>
      {[...new Set(loose.map(orderOf))].map((order) => (
        <path
          key={order}
          class="filled-ptes"
          stroke={inkOn(orderColor(order, range.geometry.pmdOrder))}
          d={ringsPath(
            loose.filter((page) => orderOf(page) === order),
            columns,
          )}
        />
      ))}
    </>
  );
}

/** A stroke through each page that is not the VMA's. */
function outsidePath(outside: ReadonlySet<number>, columns: number): string {
  return [...outside]
    .map((page) => `M${(page % columns) * CELL + 3} ${Math.floor(page / columns) * CELL + 7}l4 -4`)
    .join('');
}
