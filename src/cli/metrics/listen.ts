import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { startMetricsServer } from '../../server/metrics.ts';
import { print } from '../shared/context.ts';
import { metricsText, readMetrics, tellNotes } from './reading.ts';
import type { MetricsSource } from './source.ts';

const MAX_PORT = 65_535;
/** A day: what is older says nothing of now. */
const MAX_REFRESH_SECONDS = 86_400;

/**
 * Serves the metrics to this machine until the signal. The first reading must succeed; why a later one failed
 * is told once, and the next may do better.
 */
export async function listenForScrapes(
  source: MetricsSource,
  listen: string,
  signal: AbortSignal,
): Promise<Result<void>> {
  const { context, flags } = source;
  const port = portIn(listen);
  if (!port.ok) return port;
  if (flags.refresh > MAX_REFRESH_SECONDS)
    return fail('usage', `--refresh ${flags.refresh}: give 0 to ${MAX_REFRESH_SECONDS} seconds`);
  const told = new Set<string>();
  let isServing = false;
  const server = await startMetricsServer(
    async () => {
      const read = await readMetrics(source, signal);
      if (read.ok) tellNotes(context, read.value.notes, told);
      else if (isServing) tellNotes(context, [read.failure.message], told);
      return read.ok ? succeed(metricsText(read.value)) : read;
    },
    { port: port.value, maxAgeMs: flags.refresh * 1000, signal },
  );
  if (!server.ok) return server;
  isServing = true;
  const { url } = server.value;
  const report = { schema: 'thpscope/metrics@1', url };
  await print(context, flags.json ? `${JSON.stringify(report)}\n` : `thpscope metrics are at ${url}\n`);
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await server.value.close();
  return succeed(undefined);
}

/** The port in `127.0.0.1:9977`, `localhost:9977` or `9977`. */
function portIn(listen: string): Result<number> {
  const [, port] = /^(?:(?:127\.0\.0\.1|localhost):)?(\d{1,5})$/.exec(listen) ?? [];
  if (port !== undefined && Number(port) <= MAX_PORT) return succeed(Number(port));
  return fail(
    'usage',
    `--listen ${listen}: write 127.0.0.1:PORT; for a Prometheus on another machine write a file with -o, which node_exporter hands on`,
  );
}
