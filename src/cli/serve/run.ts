import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { startServer } from '../../server/listen.ts';
import { packagePath } from '../assets.ts';
import { type Context, print, reportFailure } from '../shared/context.ts';
import { EXIT } from '../shared/exit-code.ts';
import { untilSignal } from '../shared/interrupt.ts';
import { makePrivateFolder } from '../shared/output/private-folder.ts';
import { startProgress } from '../shared/output/progress.ts';
import type { ServeFlags } from './command.ts';
import { openBrowser } from './open-browser.ts';
import { liveSources, seriesFolders, snapshotSources } from './sources.ts';

const MAX_PORT = 65_535;
/** What timers can wait. */
const MAX_REFRESH_SECONDS = 2_000_000;

/** `thpscope serve`: the web app with these sources, until a signal ends it. */
export async function serve(this: Context, flags: ServeFlags, ...paths: string[]): Promise<void> {
  const ended = await untilSignal(
    this,
    () => EXIT.done,
    (signal) => serveUntil(signal, this, flags, paths),
  );
  if ('done' in ended && !ended.done.ok) reportFailure(this, ended.done.failure);
}

async function serveUntil(
  signal: AbortSignal,
  context: Context,
  flags: ServeFlags,
  paths: readonly string[],
): Promise<Result<void>> {
  const { port, refresh } = flags;
  if (port > MAX_PORT) return fail('usage', `--port ${port}: ports are 0 to ${MAX_PORT}`);
  if (refresh < 1 || refresh > MAX_REFRESH_SECONDS)
    return fail('usage', `--refresh ${refresh}: give 1 to ${MAX_REFRESH_SECONDS} seconds`);
  const snapshots = await snapshotSources(context, paths);
  if (!snapshots.ok) return snapshots;

  const folder = makePrivateFolder(context);
  const live = await liveSources(context, flags, folder, {
    signal,
    progress: startProgress(context),
    periodMs: refresh * 1000,
  });
  if (!live.ok) return live;

  const sources = [...snapshots.value, ...live.value];
  const server = await startServer(sources, {
    port,
    webFolder: packagePath('dist/web'),
    refreshMs: refresh * 1000,
    series: await seriesFolders(context, paths, snapshots.value),
  });
  if (!server.ok) return server;
  const url = sources.length > 0 ? `${server.value.url}#map?source=server:0` : server.value.url;
  const report = {
    schema: 'thpscope/serve@1',
    url,
    sources: sources.map(({ name, refresh }, id) => ({ id: String(id), name, live: refresh !== undefined })),
  };
  await print(context, flags.json ? `${JSON.stringify(report)}\n` : `thpscope is at ${url}\n`);
  if (!flags.noOpen) openBrowser(context.process, url, folder);
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await server.value.close();
  return succeed(undefined);
}
