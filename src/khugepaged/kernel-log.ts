/** A line of the kernel log; `at` in ns of virtual time. */
export interface LogLine {
  readonly at: number;
  readonly text: string;
}

/** The kernel log as far as khugepaged writes it. */
export class KernelLog {
  readonly lines: LogLine[] = [];
  readonly #said = new Set<string>();

  /** Writes a line once per boot. */
  warnOnce(at: number, text: string): void {
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.lines.push({ at, text });
  }
}
