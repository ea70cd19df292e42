import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { goRow, row, rows } from './steps-signals.ts';

/** Height of a row in pixels; only those in sight are drawn. */
const ROW = 26;
const MORE = 6;

/** A list of all rows, numbered from 1 on, of which one is shown; a click on another shows that. */
export function StepRows({
  label,
  differs = () => false,
  children,
}: {
  readonly label: string;
  readonly differs?: (row: number) => boolean;
  readonly children: (row: number) => ComponentChildren;
}) {
  const list = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(300);
  const most = rows.value;
  const now = row.value;

  useEffect(() => {
    const box = list.current;
    if (!box) return undefined;
    const observer = new ResizeObserver(() => (height.value = box.clientHeight));
    observer.observe(box);
    return () => observer.disconnect();
  }, [height]);
  useEffect(() => {
    const box = list.current;
    if (!box || now === 0) return;
    const at = (now - 1) * ROW;
    if (at < box.scrollTop) box.scrollTop = Math.max(0, at - ROW);
    else if (at + ROW > box.scrollTop + box.clientHeight) box.scrollTop = at + 2 * ROW - box.clientHeight;
  }, [now, most]);

  const first = Math.max(1, Math.floor(top.value / ROW) - MORE);
  const last = Math.min(most, Math.ceil((top.value + height.value) / ROW) + MORE);
  const shown = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  return (
    <div
      ref={list}
      class="step-rows"
      role="listbox"
      aria-label={label}
      aria-activedescendant={now > 0 ? `row-${now}` : undefined}
      tabindex={0}
      onScroll={({ currentTarget }) => (top.value = currentTarget.scrollTop)}
    >
      <div role="presentation" class="step-space" style={{ height: `${most * ROW}px` }}>
        {shown.map((each) => (
          <div
            key={each}
            id={`row-${each}`}
            role="option"
            aria-selected={each === now}
            aria-setsize={most}
            aria-posinset={each}
            class={`step-row${each === now ? ' row-now' : ''}${differs(each) ? ' row-differs' : ''}`}
            style={{ top: `${(each - 1) * ROW}px` }}
            onClick={() => goRow(each)}
          >
            {children(each)}
          </div>
        ))}
      </div>
    </div>
  );
}
