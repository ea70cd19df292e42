import { type Result, succeed } from '../../core/base/failure.ts';
import { definitionsOf } from './c-definitions.ts';
import { hasHunks, hunksOf } from './patch-hunks.ts';
import { definitionsAfter } from './patched-definitions.ts';
import { numberedText, type SourceLine } from './source-line.ts';

/** A mail, or a file that is none. */
export interface Message {
  readonly isMail: boolean;
  /** Without headers, and decoded. */
  readonly body: readonly SourceLine[];
}

/** The C of a file, and what to say of it. */
export interface FoundC {
  readonly text: string;
  readonly notes: readonly string[];
}

/**
 * The C of a file that is a piece of C, a patch, a mail or several of them. Of patches that is what they add
 * and show to the end, as the last of them leaves it; else it is the text as it stands. Where mails quote,
 * what is written between the quotes is no part of it: the first depth of quotes counts at which there is a
 * function with one of the names in `wanted`, else the first one with any function.
 */
export function cOf(messages: readonly Message[], wanted: ReadonlySet<string>): Result<FoundC> {
  const depths = new Set(messages.flatMap(({ body }) => body.map(({ text }) => depthOf(text))));
  let best: { readonly found: FoundC; readonly rank: number } | undefined;
  for (const depth of [...depths].sort((a, b) => a - b)) {
    const found = cAt(messages, depth);
    if (!found.ok) return found;
    const { functions } = definitionsOf(found.value.text);
    const rank = functions.some(({ name }) => wanted.has(name)) ? 2 : functions.length > 0 ? 1 : 0;
    if (!best || rank > best.rank) best = { found: found.value, rank };
  }
  return succeed(best?.found ?? { text: '', notes: [] });
}

const QUOTE = /^(?:> ?)+/;

function depthOf(text: string): number {
  return QUOTE.exec(text)?.[0].replaceAll(' ', '').length ?? 0;
}

/** What is at one depth of quotes. */
function cAt(messages: readonly Message[], depth: number): Result<FoundC> {
  const texts = messages.map(({ body }) => atDepth(body, depth));
  const all = texts.flat();
  if (all.some(({ text }) => text.startsWith('+')) && !hasHunks(all) && all.every(isOfPatch)) {
    // Pasted without its head: what it does not change was pasted with it.
    const pasted = all.filter(({ text }) => !/^[-@]/.test(text));
    return succeed({ text: numberedText(pasted.map(withoutMark)), notes: [] });
  }
  const isPatch =
    hasHunks(all) || messages.some(({ isMail }, i) => (isMail || depth > 0) && isMarked(texts[i]));
  if (!isPatch) return succeed({ text: numberedText(all), notes: [] });
  const found = definitionsAfter(texts.map(hunksOf));
  if (!found.ok) return found;
  const { lines, notes } = found.value;
  return succeed({ text: numberedText(lines), notes: depth > 0 ? notes : [] });
}

/** The lines at one depth of quotes, and a mark wherever something was cut out of them. */
function atDepth(body: readonly SourceLine[], depth: number): SourceLine[] {
  return body.flatMap(({ text, number }) => {
    if (depthOf(text) === depth) return [{ text: depth === 0 ? text : text.replace(QUOTE, ''), number }];
    return CUT.test(text.replace(QUOTE, '')) ? [{ text: '...', number }] : [];
  });
}

/** How people say that they cut something out. */
const CUT = /^\s*(?:[[<(]\s*(?:\.\.|…|snip|cut|skip|trim).*|\.\.\.+|…|-+ ?8<.*)\s*$/i;

function isMarked(lines: readonly SourceLine[]): boolean {
  return lines.some(({ text }) => text.startsWith('+'));
}

function isOfPatch({ text }: SourceLine): boolean {
  return /^[-+ @]|^\s*$/.test(text);
}

function withoutMark({ text, number }: SourceLine): SourceLine {
  return { text: text.slice(1), number };
}
