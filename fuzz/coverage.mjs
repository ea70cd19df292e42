import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { fileURLToPath } from 'node:url';

/** What V8 counts of blocks of code, in the files of build whose paths match. */
export class Coverage {
  #session = new Session();
  #files;
  #seen = new Set();
  /** By file, for each character: 1 is code that never ran, 2 is code that ran. */
  #painted = new Map();

  constructor(files) {
    this.#files = files;
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** How many blocks ran since the last time that never ran before. */
  news() {
    const { result } = this.#post('Profiler.takePreciseCoverage');
    let news = 0;
    for (const { url, functions } of result) {
      if (!this.#files.test(url)) continue;
      const before = news;
      for (const { ranges } of functions)
        for (const { startOffset, endOffset, count } of ranges) {
          const block = `${url} ${startOffset} ${endOffset}`;
          if (count === 0 || this.#seen.has(block)) continue;
          this.#seen.add(block);
          news++;
        }
      if (news > before) this.#paint(url, functions);
    }
    return news;
  }

  /** Lines of those files with code in them, and those that ran. */
  lines() {
    let all = 0;
    let ran = 0;
    for (const [url, painted] of this.#painted) {
      let at = 0;
      for (const line of readFileSync(fileURLToPath(url), 'utf8').split('\n')) {
        const isCode = /\w/.test(line) && !/^\s*(\/\/|\/?\*|import |export \{)/.test(line);
        if (isCode) all++;
        if (isCode && !painted.subarray(at, at + line.length).includes(1)) ran++;
        at += line.length + 1;
      }
    }
    return { all, ran };
  }

  #paint(url, functions) {
    let painted = this.#painted.get(url);
    if (!painted)
      this.#painted.set(url, (painted = new Uint8Array(readFileSync(fileURLToPath(url), 'utf8').length)));
    for (const { ranges } of functions) {
      const [{ startOffset: first, endOffset: end }] = ranges;
      const now = new Uint8Array(end - first);
      // Inner blocks come after those around them.
      for (const { startOffset, endOffset, count } of ranges)
        now.fill(count > 0 ? 2 : 1, startOffset - first, endOffset - first);
      for (let i = 0; i < now.length; i++) painted[first + i] = Math.max(painted[first + i], now[i]);
    }
  }

  #post(method, params) {
    let answer;
    this.#session.post(method, params, (error, result) => {
      if (error) throw new Error(error.message);
      answer = result;
    });
    return answer;
  }
}
