import type { SourceDigest } from '../../analysis/digest/memory-digest.ts';
import { watchMemory } from '../../analysis/metrics/watched-memory.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import type { MemoryOrigin } from '../../core/rules/memory-source.ts';
import { expositionText, type MetricFamily } from '../../render/metrics/exposition.ts';
import { metricFamilies } from '../../render/metrics/families.ts';
import { originLine } from '../../render/words/origin-line.ts';
import { type Context, warn } from '../shared/context.ts';
import { digestFromFlags } from '../shared/digest/digest-source.ts';
import { kernelAsked } from '../shared/flags/asked-kernel.ts';
import { readVersion } from '../shared/version.ts';
import { policiesNamed } from './policies.ts';
import type { MetricsSource } from './source.ts';

/** The metrics of memory that was read once, and what to tell the user about it. */
export interface MetricsReading {
  readonly families: readonly MetricFamily[];
  readonly notes: readonly string[];
  /** Whose memory it is. */
  readonly origins: readonly MemoryOrigin[];
}

/** Reads the memory that the flags name, and asks it about the policies that they name. */
export async function readMetrics(
  { context, flags, files, policies: asked, periodMs }: MetricsSource,
  signal: AbortSignal,
): Promise<Result<MetricsReading>> {
  const began = performance.now();
  const digested = await digestFromFlags(context, flags, files, { signal, periodMs });
  if (!digested.ok) return digested;
  const { host, notes, origins } = digested.value;
  const model = kernelAsked(flags.kernel, host.kernelRelease);
  if (!model.ok) return model;
  const policies = await policiesNamed(asked, host.geometry, host.settings);
  if (!policies.ok) return policies;
  const watched = watchMemory(digested.value, {
    policies: policies.value,
    model: model.value,
    services: flags.services,
  });
  const families = metricFamilies(watched, {
    version: readVersion(),
    readAt: oldestSeconds(digested.value),
    seconds: (performance.now() - began) / 1000,
  });
  return succeed({ families, notes, origins });
}

/** When the oldest of several recordings was read, in seconds since the epoch. */
function oldestSeconds({ host, processes }: SourceDigest): number {
  const ms = processes.reduce(
    (oldest, { process: { recording } }) =>
      recording ? Math.min(oldest, Date.parse(recording.time)) : oldest,
    Date.parse(host.time),
  );
  return ms / 1000;
}

/** The metrics as text, below a comment that says whose memory it is. */
export function metricsText({ families, origins }: MetricsReading): string {
  return `# ${originLine(origins, readVersion())}\n${expositionText(families)}`;
}

/** Tells notes on stderr; those in `told` were told before. */
export function tellNotes(context: Context, notes: readonly string[], told = new Set<string>()): void {
  for (const note of notes) {
    if (!told.has(note)) warn(context, note);
    told.add(note);
  }
}
