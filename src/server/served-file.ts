import { closeSync, createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { Context } from 'hono';
import type { Failure, Result } from '../core/base/failure.ts';
import { succeed } from '../core/base/failure.ts';
import { checkSnapshot } from '../snapshot/file.ts';
import { openRegularFile, type RegularFile } from '../snapshot/regular-file.ts';
import { byteRange } from './byte-range.ts';

/**
 * A snapshot that the server hands out as it is on the disk at the time. What lies under its name now is
 * checked to be one, once for each file that gets the name, so that nothing else can be read through it.
 */
export class ServedFile {
  readonly #path: string;
  /** The version that was found sound last. */
  #sound: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The bytes asked for, or in words why there are none. */
  async respond(c: Context): Promise<Response> {
    const opened = await this.#open();
    if (!opened.ok) return c.text(`${opened.failure.message}\n`, statusOf(opened.failure));
    const { fd, size, version } = opened.value;
    const etag = `"${version}"`;
    c.header('Cache-Control', 'no-store');
    c.header('Accept-Ranges', 'bytes');
    c.header('ETag', etag);
    c.header('Content-Type', 'application/vnd.apache.parquet');
    const asked = byteRange(c.req.header('range'), size);
    // Part of another file than the earlier parts are of would be of no use.
    const stale = (c.req.header('if-range') ?? etag) !== etag;
    const range = stale ? undefined : asked;
    if (range === 'unsatisfiable') {
      closeSync(fd);
      return c.text(`this snapshot has ${size} bytes\n`, 416, { 'Content-Range': `bytes */${size}` });
    }
    const { start, end } = range ?? { start: 0, end: size };
    if (range) c.header('Content-Range', `bytes ${start}-${end - 1}/${size}`);
    c.header('Content-Length', String(end - start));
    const status = range ? 206 : 200;
    if (c.req.method === 'HEAD') {
      closeSync(fd);
      return c.body(null, status);
    }
    const stream = createReadStream('', { fd, start, end: end - 1 });
    return c.body(Readable.toWeb(stream) as ReadableStream<Uint8Array<ArrayBuffer>>, status);
  }

  async #open(): Promise<Result<RegularFile>> {
    const file = openRegularFile(this.#path);
    if (!file.ok || file.value.version === this.#sound) return file;
    const checked = await checkSnapshot(file.value, this.#path);
    if (!checked.ok) {
      closeSync(file.value.fd);
      return checked;
    }
    this.#sound = file.value.version;
    return succeed(file.value);
  }
}

function statusOf({ kind }: Failure): 403 | 410 {
  return kind === 'permission' ? 403 : 410;
}
