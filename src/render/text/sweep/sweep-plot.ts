import { metricAt } from '../../../analysis/sweep/sweep.ts';

const COLUMNS = 48;
const ROWS = 14;

/**
 * A plot in text: growth of resident memory to the right, share of the memory in use that is in huge pages
 * upwards. Every policy is a dot, those of the front are stars. `residentPages` is the memory in use.
 */
export function sweepPlot(
  values: Float64Array,
  policies: number,
  front: ReadonlySet<number>,
  residentPages: number,
): string[] {
  const cells = Array.from({ length: ROWS }, () => Array.from({ length: COLUMNS }, () => ' '));
  let most = 1;
  for (let index = 0; index < policies; index++)
    most = Math.max(most, metricAt(values, index, 'growthPages'));
  for (let index = 0; index < policies; index++) {
    const growthPages = metricAt(values, index, 'growthPages');
    const hugePages = metricAt(values, index, 'hugePages');
    const column = Math.round((growthPages / most) * (COLUMNS - 1));
    const row = ROWS - 1 - Math.round(Math.min(1, hugePages / Math.max(1, residentPages)) * (ROWS - 1));
    if (cells[row][column] !== '*') cells[row][column] = front.has(index) ? '*' : '·';
  }
  const share = (most / Math.max(1, residentPages)) * 100;
  const label = (row: number) => (row === 0 ? 'huge 100% ' : row === ROWS - 1 ? '       0% ' : '          ');
  const growth = `+${share.toFixed(share < 10 ? 1 : 0)}%`;
  return [
    ...cells.map((row, i) => `${label(i)}│${row.join('').trimEnd()}`),
    `          └${'─'.repeat(COLUMNS)}`,
    `           RSS +0%${growth.padStart(COLUMNS - 7)}`,
  ];
}
