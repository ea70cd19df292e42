import type { Style } from '../../src/render/text/layout/style.ts';

type Tone = 'plain' | 'good' | 'warn' | 'bad';

/** A fact about a run: what it is about, and lines about it. */
export interface Fact {
  readonly name: string;
  readonly lines: readonly { readonly text: string; readonly tone: Tone }[];
}

const MARKS = { good: '\u{e000}', warn: '\u{e001}', bad: '\u{e002}' } as const;
const ANY_MARK = /[\u{e000}-\u{e002}]/gu;

const plain = (text: string) => text;

/** A style that marks what is good or bad with characters that no text has; `factsOf` reads them. */
export const MARKED: Style = {
  bold: plain,
  dim: plain,
  good: (text) => MARKS.good + text,
  warn: (text) => MARKS.warn + text,
  bad: (text) => MARKS.bad + text,
};

/** Lines as `field` of src/render makes them, by name. Lines of running text are put together again. */
export function factsOf(lines: readonly string[]): Fact[] {
  const facts: { name: string; lines: Fact['lines'][number][] }[] = [];
  for (const line of lines) {
    const name = line.slice(2, NAME_END).trim();
    const value = line.slice(NAME_END).trim();
    const tone = toneOf(value);
    const text = withoutMarks(value);
    const last = facts[facts.length - 1];
    if (name !== '' || !last) {
      facts.push({ name, lines: [{ text, tone }] });
      continue;
    }
    const before = last.lines[last.lines.length - 1];
    // A sentence that was cut to fit a terminal.
    const goesOn = before.text.endsWith(',') || text.startsWith('(') || isOpen(before.text);
    if (goesOn) last.lines[last.lines.length - 1] = { text: `${before.text} ${text}`, tone: before.tone };
    else last.lines.push({ text, tone });
  }
  return facts;
}

function isOpen(text: string): boolean {
  return text.lastIndexOf('(') > text.lastIndexOf(')');
}

/** Where the value begins. */
const NAME_END = 16;

export function withoutMarks(text: string): string {
  return text.replaceAll(ANY_MARK, '');
}

function toneOf(text: string): Tone {
  const mark = text.match(ANY_MARK)?.[0];
  const tone = Object.entries(MARKS).find(([, each]) => each === mark)?.[0];
  return (tone as Tone | undefined) ?? 'plain';
}
