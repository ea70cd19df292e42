import type { Geometry } from '../../src/core/memory/geometry.ts';
import {
  anonOrders,
  formatOrder,
  hasOrder,
  NO_ORDERS,
  type Order,
  type OrderSet,
  ordersOf,
  withOrder,
  withoutOrder,
} from '../../src/core/memory/order.ts';
import { cssColor, orderColor } from '../../src/render/svg/palette.ts';

/** A box for each size that anonymous memory may have. */
export function SizeFields({
  legend,
  orders,
  geometry,
  onChange,
}: {
  readonly legend: string;
  readonly orders: OrderSet;
  readonly geometry: Geometry;
  readonly onChange: (orders: OrderSet) => void;
}) {
  const all = anonOrders(geometry);
  const switched = (order: Order) =>
    hasOrder(orders, order) ? withoutOrder(orders, order) : withOrder(orders, order);
  return (
    <>
      <fieldset class="sizes">
        <legend>{legend}</legend>
        {ordersOf(all).map((order) => (
          <label key={order} title={`order ${order}`}>
            <input
              type="checkbox"
              checked={hasOrder(orders, order)}
              onChange={() => onChange(switched(order))}
            />
            <span class="size">
              <span class="swatch" style={{ background: cssColor(orderColor(order, geometry.pmdOrder)) }} />
              {formatOrder(order, geometry)}
            </span>
          </label>
        ))}
      </fieldset>
      <p class="row-of-buttons">
        <button type="button" class="button small" onClick={() => onChange(all)}>
          All
        </button>
        <button type="button" class="button small" onClick={() => onChange(NO_ORDERS)}>
          None
        </button>
      </p>
    </>
  );
}
