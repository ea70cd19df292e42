import type { Result } from '../core/base/failure.ts';

/**
 * A text that is read when somebody asks for it. Whoever asks within `maxAgeMs` of the end of a reading gets
 * what it gave, a failure too, and whoever asks while one is under way waits for that one: readings never
 * overlap.
 */
export class ScrapedText {
  readonly #read: () => Promise<Result<string>>;
  readonly #maxAgeMs: number;
  readonly #nowMs: () => number;
  #underWay: Promise<Result<string>> | undefined;
  #last: { readonly text: Result<string>; readonly atMs: number } | undefined;

  constructor(read: () => Promise<Result<string>>, maxAgeMs: number, nowMs = () => performance.now()) {
    this.#read = read;
    this.#maxAgeMs = maxAgeMs;
    this.#nowMs = nowMs;
  }

  async get(): Promise<Result<string>> {
    if (this.#underWay) return this.#underWay;
    if (this.#last && this.#nowMs() - this.#last.atMs < this.#maxAgeMs) return this.#last.text;
    this.#underWay = this.#read();
    try {
      const text = await this.#underWay;
      this.#last = { text, atMs: this.#nowMs() };
      return text;
    } finally {
      this.#underWay = undefined;
    }
  }
}
