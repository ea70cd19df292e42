import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import { fail, type Result, succeed } from '../core/base/failure.ts';

/** A file of the built web app, in memory. */
interface WebFile {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Its name has a hash of its content: what was read once stays right. */
  readonly hashed: boolean;
}

/** The files of the web app by their paths below the page; '' is the page itself. */
export type WebFiles = ReadonlyMap<string, WebFile>;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
};

/** The single-file build: its inline script is what the server's policy forbids. */
const STANDALONE = 'thpscope.html';

/** Reads the built web app. Fails with `unsupported` where it was not built. */
export function readWebFiles(folder: string): Result<WebFiles> {
  const files = new Map<string, WebFile>();
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.name === STANDALONE) continue;
      const file = join(entry.parentPath, entry.name);
      const path = file.slice(join(folder, sep).length).replaceAll(sep, '/');
      files.set(path, {
        type: TYPES[extname(path)] ?? 'application/octet-stream',
        body: new Uint8Array(readFileSync(file)),
        hashed: path.startsWith('assets/'),
      });
    }
  } catch (error) {
    return notBuilt(folder, (error as Error).message);
  }
  const page = files.get('index.html');
  if (!page) return notBuilt(folder, 'it has no index.html');
  files.delete('index.html');
  files.set('', { ...page, body: withServerMark(page.body) });
  return succeed(files);
}

/** Tells the page that it came from this server, which has sources and events: see web/start/sources.ts. */
function withServerMark(page: Uint8Array): Uint8Array<ArrayBuffer> {
  const html = new TextDecoder().decode(page);
  return new TextEncoder().encode(
    html.replace('<head>', '<head>\n    <meta name="thpscope-server" content="1" />'),
  );
}

function notBuilt(folder: string, why: string) {
  return fail('unsupported', `the web app is not in ${folder} (${why}); npm run build makes it`);
}
