/** A series of a text in the format of Prometheus. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LABEL = /([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"/;
const LINE = new RegExp(`^([a-z_:]+)(?:\\{(${LABEL.source}(?:,${LABEL.source})*)\\})? (\\S+)$`);

/**
 * Reads the text format of Prometheus as strictly as it does: HELP and TYPE come before a metric, once, all
 * series of a metric are together, and none is there twice. Throws at the first line that is wrong.
 */
export function parseExposition(text: string): Series[] {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line does not end');
  const series: Series[] = [];
  const seen = new Set<string>();
  const typed = new Set<string>();
  let metric = '';
  for (const line of text.split('\n').slice(0, -1)) {
    if (/^# (?!HELP |TYPE )/.test(line)) continue;
    const [, kind, name] = /^# (HELP|TYPE) ([a-z_:]+) \S/.exec(line) ?? [];
    if (kind) {
      if (kind === 'HELP' && typed.has(name)) throw new Error(`twice: ${line}`);
      if (kind === 'TYPE' && name !== metric) throw new Error(`no HELP before: ${line}`);
      metric = name;
      if (kind === 'TYPE') typed.add(name);
      continue;
    }
    const parsed = LINE.exec(line);
    if (!parsed || parsed[1] !== metric || !typed.has(metric)) throw new Error(`wrong: ${line}`);
    const labels = Object.fromEntries(
      [...(parsed[2] ?? '').matchAll(new RegExp(LABEL, 'g'))].map(([, name, value]) => [
        name,
        unescaped(value),
      ]),
    );
    const key = `${metric} ${JSON.stringify(Object.entries(labels).sort())}`;
    if (seen.has(key)) throw new Error(`there twice: ${line}`);
    seen.add(key);
    const value = Number(parsed.at(-1));
    if (!Number.isFinite(value)) throw new Error(`no number: ${line}`);
    series.push({ name: metric, labels, value });
  }
  return series;
}

function unescaped(value: string): string {
  return value.replace(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character));
}
