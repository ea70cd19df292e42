import { pagesPerRange } from '../../../src/core/memory/geometry.ts';
import { asOrder, formatOrder, ordersOf } from '../../../src/core/memory/order.ts';
import { cssColor, orderColor } from '../../../src/render/svg/palette.ts';
import { type Side, stepAt, stepsDone } from '../alignment.ts';
import { chooseOutcome } from '../outcome-dialog.tsx';
import { alignment, goRow, row, state } from '../steps-signals.ts';
import { stripKind } from './window-layers.ts';

const ROW = 10;

/** Every window that a search looks at, a row for each order; a click on one goes to its step. */
export function WindowStrip({ side }: { readonly side: Side }) {
  const run = alignment.value[side];
  if (run.steps.length === 0) return null;
  const { geometry } = state.value.range;
  const { pmdOrder } = geometry;
  const pages = pagesPerRange(geometry);
  const done = stepsDone(alignment.value, side, row.value);
  const now = stepAt(alignment.value, side, row.value);
  const lowest = Math.min(2, ...run.steps.map(({ order }) => order));
  const orders = Array.from({ length: pmdOrder - lowest + 1 }, (_, i) => asOrder(pmdOrder - i));
  const enabled = new Set(ordersOf(run.policy.orders));
  const width = 400;
  const scale = width / pages;
  const box = (offset: number, order: number) => {
    const gap = Math.min(1, (scale * (1 << order)) / 6);
    return {
      x: offset * scale + gap / 2,
      y: (pmdOrder - order) * ROW + 1,
      width: scale * (1 << order) - gap,
      height: ROW - 2,
    };
  };

  const paths = new Map<string, string>();
  run.steps.forEach((visit, index) => {
    const kind = stripKind(visit, index < done);
    const key = kind === 'collapsed' ? `collapsed ${visit.order}` : kind;
    const { x, y, width, height } = box(visit.offset, visit.order);
    const cross = Math.min(width, height);
    const cut = `m${(width - cross) / 2} 0l${cross} ${height}m${-cross} 0l${cross} ${-height}`;
    const shape = `M${x} ${y}h${width}v${height}h${-width}z${kind === 'failed' ? cut : ''}`;
    paths.set(key, (paths.get(key) ?? '') + shape);
  });

  /** The step at a place of the picture; of several the last that is done, else the first. */
  const stepUnder = (event: MouseEvent): number | undefined => {
    const rectangle = (event.currentTarget as SVGElement).getBoundingClientRect();
    const page = Math.floor(((event.clientX - rectangle.left) / rectangle.width) * pages);
    const order = pmdOrder - Math.floor(((event.clientY - rectangle.top) / rectangle.height) * orders.length);
    const holds = (index: number) => {
      const visit = run.steps[index];
      return visit.order === order && visit.offset <= page && page < visit.offset + (1 << visit.order);
    };
    const all = run.steps.map((_, index) => index).filter(holds);
    return all.findLast((index) => index < done) ?? all[0];
  };

  const current = now === undefined ? undefined : run.steps[now];
  return (
    <div class="strip">
      <ol class="strip-orders" aria-hidden="true">
        {orders.map((order) => (
          <li key={order} class={enabled.has(order) ? '' : 'strip-off'}>
            {formatOrder(order, geometry)}
          </li>
        ))}
      </ol>
      <svg
        class="strip-windows"
        viewBox={`0 0 ${width} ${orders.length * ROW}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Windows by size, from ${formatOrder(orders[0], geometry)} at the top. The list of steps has the same.`}
        onClick={(event) => {
          const step = stepUnder(event);
          if (step === undefined) return;
          goToStep(side, step);
          if (run.steps[step].result !== undefined) chooseOutcome(side, step);
        }}
      >
        {[...paths].map(([key, path]) => {
          const [kind, order] = key.split(' ');
          const fill = order === undefined ? undefined : cssColor(orderColor(Number(order), pmdOrder));
          return <path key={key} class={`strip-${kind}`} d={path} fill={fill} />;
        })}
        {current && <rect class="strip-now" {...box(current.offset, current.order)} />}
      </svg>
    </div>
  );
}

/** Shows the row in which a side makes a step. */
function goToStep(side: Side, step: number): void {
  const { by } = alignment.value;
  const run = alignment.value[side];
  goRow(by === 'steps' ? step + 1 : Math.max(1, run.attempts.filter((each) => each <= step).length));
}
