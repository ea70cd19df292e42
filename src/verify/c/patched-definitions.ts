import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { definitionsOf } from './c-definitions.ts';
import { type Hunk, wholeDefinitions } from './patch-hunks.ts';
import type { SourceLine } from './source-line.ts';

/** What a series of patches, in their order, leaves behind: definitions that they add or change. */
export interface PatchedDefinitions {
  readonly lines: readonly SourceLine[];
  /** What may be missing, in words. */
  readonly notes: readonly string[];
}

/** A definition that a patch shows from its first line to its last. */
interface Definition {
  /** Undefined of what has none or needs none, such as a declaration. */
  readonly name: string | undefined;
  readonly patch: number;
  readonly file: string | undefined;
  /** Its line in the file, as far as hunks say. */
  at: number;
  lines: readonly SourceLine[];
}

/**
 * The definitions that patches add or change and show as a whole, as the last patch leaves them. Later hunks
 * are applied where their lines are found. Fails where a later hunk changes a part of a definition and is not
 * found in it: what is left would be an old version. `patches` are the hunks of each patch.
 */
export function definitionsAfter(patches: readonly (readonly Hunk[])[]): Result<PatchedDefinitions> {
  const definitions: Definition[] = [];
  const notes: string[] = [];
  for (const [patch, hunks] of patches.entries()) {
    for (const hunk of hunks) {
      const added = addedBy(hunk, patch);
      const names = new Set(added.map(({ name }) => name));
      const isAgain = ({ name, patch: by }: Definition) =>
        name !== undefined && names.has(name) && by < patch;
      const kept = definitions.filter((each) => !isAgain(each));
      const changed = changeAll(kept, hunk);
      if (!changed.ok) return changed;
      definitions.splice(0, definitions.length, ...kept, ...added);
      const shown = hunk.lines.filter(({ mark }) => mark !== '-').length;
      if (added.length > 0 && hunk.stated !== undefined && shown < hunk.stated)
        notes.push(
          `line ${hunk.lines[0].number - 1}: this hunk says that it has ${hunk.stated} lines, and shows ${shown}: what was cut out may be missing`,
        );
    }
  }
  return succeed({ lines: inOrder(definitions).flatMap(({ lines }) => lines), notes });
}

/** Definitions with a new line that a hunk shows as a whole. Of other functions it shows a part. */
function addedBy({ file, at = 0, lines }: Hunk, patch: number): Definition[] {
  const shown = lines.filter(({ mark }) => mark !== '-');
  return wholeDefinitions(shown)
    .map(([first, last]) => ({ first, whole: shown.slice(first, last + 1) }))
    .filter(({ whole }) => whole.some(({ mark }) => mark === '+'))
    .map(({ first, whole }) => ({ name: nameOf(whole), patch, file, at: at + first, lines: whole }));
}

function nameOf(lines: readonly SourceLine[]): string | undefined {
  const { functions, tags, macros } = definitionsOf(lines.map(({ text }) => text).join('\n'));
  return functions[0]?.name ?? tags[0] ?? macros[0];
}

/** Applies a hunk to the definitions that it changes; fails where it changes one and cannot be applied. */
function changeAll(definitions: readonly Definition[], hunk: Hunk): Result<void> {
  const before = definitions.filter(({ file }) => isSameFile(file, hunk.file));
  const changed = before.filter((definition) => change(definition, hunk));
  const growth = hunk.lines.reduce((sum, { mark }) => sum + (mark === '+' ? 1 : mark === '-' ? -1 : 0), 0);
  for (const each of before)
    if (!changed.includes(each) && hunk.at !== undefined && each.at > hunk.at) each.at += growth;
  const named = before.find(({ name }) => name !== undefined && hunk.heading.includes(`${name}(`));
  if (!named || changed.length > 0 || !changesHeading(hunk)) return succeed(undefined);
  const [{ number }] = hunk.lines;
  return fail(
    'usage',
    `line ${number - 1}: a later patch changes ${named.name} in part, and its lines are not those of the version at line ${named.lines[0].number}; paste the function as it is in the end`,
  );
}

function isSameFile(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

/** Whether a hunk changes the function of its heading: something before the next line in the first column. */
function changesHeading({ lines }: Hunk): boolean {
  const end = lines.findIndex(({ text }) => /^[A-Za-z_#}]/.test(text) && !/^\w+:\s*$/.test(text));
  return lines.slice(0, end < 0 ? lines.length : end).some(({ mark }) => mark !== ' ');
}

/** Applies a hunk to a definition; false if the hunk changes nothing in it, or is not found. */
function change(definition: Definition, hunk: Hunk): boolean {
  const { lines, at } = definition;
  const old = hunk.lines.filter(({ mark }) => mark !== '+');
  let best: { readonly shift: number; readonly overlap: number } | undefined;
  for (let shift = 1 - old.length; shift < lines.length; shift++) {
    const overlap = overlapOf(old, lines, shift);
    if (overlap === 0 || !changesInside(hunk, lines.length, shift)) continue;
    const isNearer = () =>
      hunk.at !== undefined && Math.abs(shift - hunk.at + at) < Math.abs((best?.shift ?? 0) - hunk.at + at);
    if (!best || overlap > best.overlap || (overlap === best.overlap && isNearer()))
      best = { shift, overlap };
  }
  if (!best) return false;
  const changed = lines.slice(0, Math.max(0, best.shift));
  let place = best.shift;
  let shown = 0;
  for (const line of hunk.lines) {
    if (place === 0 && line.mark !== '+' && hunk.at !== undefined) definition.at = hunk.at + shown;
    if (line.mark !== '-') shown++;
    const isInside =
      line.mark === '+' ? place > 0 && place < lines.length : place >= 0 && place < lines.length;
    if (isInside && line.mark !== '-') changed.push(line.mark === '+' ? line : lines[place]);
    if (line.mark !== '+') place++;
  }
  definition.lines = [...changed, ...lines.slice(Math.max(0, place))];
  return true;
}

/** How many lines with text of a hunk's old side are those of a definition that it is laid over; 0 if not. */
function overlapOf(old: readonly SourceLine[], lines: readonly SourceLine[], shift: number): number {
  let overlap = 0;
  for (let i = Math.max(0, -shift); i < old.length && i + shift < lines.length; i++) {
    const text = old[i].text.trimEnd();
    if (text !== lines[i + shift].text.trimEnd()) return 0;
    if (text !== '') overlap++;
  }
  return overlap;
}

function changesInside({ lines }: Hunk, length: number, shift: number): boolean {
  let place = shift;
  for (const { mark } of lines) {
    if (mark === '+' && place > 0 && place < length) return true;
    if (mark === '-' && place >= 0 && place < length) return true;
    if (mark !== '+') place++;
  }
  return false;
}

/** As they stand in their files, so that what is called comes first. */
function inOrder(definitions: readonly Definition[]): Definition[] {
  const files = [...new Set(definitions.map(({ file }) => file))];
  const place = ({ file }: Definition) => files.indexOf(file);
  return definitions.toSorted((a, b) => place(a) - place(b) || a.at - b.at);
}
