/** "12.5%". One decimal, so that budgets of a few percent can be told apart. */
export function percent(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(1)}%`;
}
