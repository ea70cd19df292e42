import type { MetricFamily } from '../metrics/exposition.ts';

/** `written` is the file that they were written to, if any. */
export function metricsJson(
  families: readonly MetricFamily[],
  notes: readonly string[],
  written?: { readonly file: string; readonly bytes: number },
): object {
  return {
    schema: 'thpscope/metrics@1',
    ...written,
    notes,
    metrics: families.filter(({ samples }) => samples.length > 0),
  };
}
