/** "1 page", "1,200 pages". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/**
 * A whole number with its thousands apart: "1,200". Loading toLocaleString's tables takes longer than most
 * answers.
 */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
