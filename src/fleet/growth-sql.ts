import { VMA_CLASSES } from '../analysis/digest/memory-digest.ts';
import type { GrowthWeights, WeightedColumns } from './growth-weights.ts';
import { sqlText } from './sql-text.ts';
import { sqlName } from './tables.ts';

/**
 * A statement that answers by how many pages processes grow, added up by some columns: one row for each of
 * their values and table, to be added up again. What is kept apart is not in it.
 */
export function growthStatement(weights: GrowthWeights, by: readonly string[], where: string): string {
  const keys = by.join(', ');
  const parts = [
    adding('rows', ['c', 'ranges'], rangeTerms(weights)),
    adding('any', ['k', ...columnsOf(weights.any)], columnTerms(weights.any, 'k')),
    adding('edges', ['block', ...columnsOf(weights.edges)], columnTerms(weights.edges, 'block')),
  ].filter((part) => part !== undefined);
  if (parts.length === 0) return `SELECT ${keys}, 0 AS growth FROM ${sqlName('processes')} WHERE 1 = 0`;
  return `SELECT ${keys}, SUM(pages) AS growth FROM (${parts.join(' UNION ALL ')}) AS counted GROUP BY ${keys}`;

  function adding(
    table: 'rows' | 'any' | 'edges',
    columns: readonly string[],
    terms: readonly string[],
  ): string | undefined {
    if (terms.length === 0) return undefined;
    const all = [...new Set([...by, 'class', ...columns])].join(', ');
    return `SELECT ${keys}, SUM(CASE ${terms.join(' ')} ELSE 0 END) AS pages FROM (SELECT ${all} FROM ${sqlName(table)} WHERE ${where}) AS asked GROUP BY ${keys}`;
  }
}

/** Weights that lie on a line, from one number of occupied PTEs to another, are one term. */
function rangeTerms({ ranges }: GrowthWeights): string[] {
  return VMA_CLASSES.flatMap((name) =>
    linesThrough(ranges[name]).map(
      ({ first, last, at, step }) =>
        `WHEN class = ${sqlText(name)} AND c BETWEEN ${first} AND ${last} THEN ranges * (${at} + (c - ${first}) * ${step})`,
    ),
  );
}

interface Line {
  readonly first: number;
  readonly last: number;
  /** At `first`, and what each place after it adds. */
  readonly at: number;
  readonly step: number;
}

function linesThrough(weights: Float64Array): Line[] {
  const lines: Line[] = [];
  for (let first = 1; first < weights.length; ) {
    const step = first + 1 < weights.length ? weights[first + 1] - weights[first] : 0;
    let last = first;
    while (last + 1 < weights.length && weights[last + 1] - weights[last] === step) last++;
    if (weights[first] !== 0 || step !== 0) lines.push({ first, last, at: weights[first], step });
    first = last + 1;
  }
  return lines;
}

function columnTerms(weighted: readonly WeightedColumns[], place: 'k' | 'block'): string[] {
  return weighted.map((each) => {
    const sum = Object.entries(each.weights).map(([column, weight]) => `${column} * (${weight})`);
    return `WHEN class = ${sqlText(each.class)} AND ${place} = ${each.order} THEN ${sum.join(' + ')}`;
  });
}

function columnsOf(weighted: readonly WeightedColumns[]): string[] {
  return [...new Set(weighted.flatMap(({ weights }) => Object.keys(weights)))];
}
