/** A metric with all its series, as the text format of Prometheus has it. */
export interface MetricFamily {
  readonly name: string;
  /** One sentence. */
  readonly help: string;
  /** Everything that thpscope measures may fall again. */
  readonly type: 'gauge';
  readonly samples: readonly MetricSample[];
}

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * Families in the text format of Prometheus, version 0.0.4; those without a series are left out. Source:
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export function expositionText(families: readonly MetricFamily[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => {
      const lines = samples.map(({ labels, value }) => `${name}${labelText(labels)} ${value}\n`);
      return `# HELP ${name} ${escapeText(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`;
    })
    .join('');
}

function labelText(labels: MetricSample['labels']): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escapeText(value).replaceAll('"', '\\"')}"`,
  );
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}

function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

/** How many series there are. */
export function seriesIn(families: readonly MetricFamily[]): number {
  return families.reduce((series, { samples }) => series + samples.length, 0);
}
