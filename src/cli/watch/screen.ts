import { stripVTControlCharacters } from 'node:util';
import { type Context, print } from '../shared/context.ts';

const ERASE_LINE_END = '\u001b[K';
const ERASE_BELOW = '\u001b[J';
/** Lines on a terminal that are drawn again in their place. */
export class Screen {
  readonly #context: Context;
  #drawn = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Draws as many lines as the terminal has room for. */
  async draw(lines: readonly string[]): Promise<void> {
    const { rows, columns } = this.#context.process.stdout;
    // Some terminals do not say how large they are.
    const shown = lines.slice(0, (rows || 24) - 1).map((line) => fit(line, columns || 80));
    await this.#write(shown);
    this.#drawn = shown.length;
  }

  /** Leaves all lines behind. */
  async finish(lines: readonly string[]): Promise<void> {
    await this.#write(lines);
    this.#drawn = 0;
  }

  async #write(lines: readonly string[]): Promise<void> {
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A\r` : '';
    await print(
      this.#context,
      `${up}${lines.map((line) => `${line}${ERASE_LINE_END}\n`).join('')}${ERASE_BELOW}`,
    );
  }
}

/** A line that does not wrap; one that is too long loses its colours. */
function fit(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= columns ? line : plain.slice(0, columns);
}
