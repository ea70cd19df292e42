/**
 * Lines of what happened, folded into one number: two runs are the same if and (all but certainly) only if it
 * is.
 */
export class EventLog {
  #low = 0x84222325;
  #high = 0xcbf29ce4;
  #lines = 0;

  get lines(): number {
    return this.#lines;
  }

  add(at: number, line: string): void {
    this.#lines++;
    this.#fold(`${at} ${line}`);
  }

  /** Sixteen hexadecimal digits. */
  get digest(): string {
    const hex = (word: number) => (word >>> 0).toString(16).padStart(8, '0');
    return hex(this.#high) + hex(this.#low);
  }

  #fold(text: string): void {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      this.#low = Math.imul(this.#low ^ unit, 0x01000193);
      this.#high = Math.imul(this.#high ^ (unit + (this.#low >>> 15)), 0x01000193);
    }
  }
}
