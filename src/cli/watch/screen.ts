import { stripVTControlCharacters } from 'node:util';
import { foldLines } from '../../render/text/layout/fold-lines.ts';
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
    const rows = this.#context.process.stdout.rows || 24;
    const shown = this.#folded(lines).slice(0, rows - 1);
    await this.#write(shown.map((line) => fit(line, this.#columns)));
    this.#drawn = shown.length;
  }

  /** Leaves all lines behind. */
  async finish(lines: readonly string[]): Promise<void> {
    await this.#write(this.#folded(lines));
    this.#drawn = 0;
  }

  /** Some terminals do not say how large they are. */
  get #columns(): number {
    return this.#context.process.stdout.columns || 80;
  }

  #folded(lines: readonly string[]): string[] {
    return foldLines(lines.join('\n'), this.#columns).split('\n');
  }

  async #write(lines: readonly string[]): Promise<void> {
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A\r` : '';
    await print(
      this.#context,
      `${up}${lines.map((line) => `${line}${ERASE_LINE_END}\n`).join('')}${ERASE_BELOW}`,
    );
  }
}

/** A line that does not wrap: a word that fits on none is cut, and loses its colours. */
function fit(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= columns ? line : plain.slice(0, columns);
}
