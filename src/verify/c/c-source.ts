/** A function that a C file defines. */
export interface CFunction {
  readonly name: string;
  /** What stands before the name: `static enum scan_result`. */
  readonly returns: string;
  /** Its parameters as they are written; none for `void`. */
  readonly parameters: readonly string[];
}

/** What a C file defines at its top level, as far as that can be seen without a preprocessor. */
export interface CDefinitions {
  readonly functions: readonly CFunction[];
  /** Structures, unions and enumerations with a body. */
  readonly tags: readonly string[];
  readonly macros: readonly string[];
}

/** Finds the definitions of a C file. What is no C has none, or wrong ones: the compiler says more of it. */
export function definitionsOf(text: string): CDefinitions {
  const macros = [...text.matchAll(/^[ \t]*#[ \t]*define[ \t]+(\w+)/gm)].map(([, name]) => name);
  const code = withoutComments(text).replaceAll(/^[ \t]*#(?:.*\\\n)*.*$/gm, '');
  const functions: CFunction[] = [];
  const tags: string[] = [];
  let depth = 0;
  // Where the declaration begins that is being read.
  let from = 0;
  for (let at = 0; at < code.length; at++) {
    const character = code[at];
    if (depth === 0 && character === ';') from = at + 1;
    if (character === '{') {
      if (depth === 0) {
        const head = code.slice(from, at);
        const found = functionOf(head);
        if (found) functions.push(found);
      }
      depth++;
    }
    if (character === '}' && depth > 0 && --depth === 0) from = at + 1;
  }
  for (const [, tag] of code.matchAll(/\b(?:struct|union|enum)\s+(\w+)\s*\{/g)) tags.push(tag);
  return { functions, tags, macros };
}

/**
 * The C of a text that was taken out of a mail: without the quotes of an answer, and of a patch without its
 * marks and what it takes away. Of a whole patch, or a mail with one, that is what it adds and shows to the
 * end. Every line stays where it was. Other texts stay as they are.
 */
export function withoutMailMarks(text: string): string {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const isQuoted = lines.every((line) => /^>|^\s*$/.test(line));
  const plain = isQuoted ? lines.map((line) => line.replace(/^(?:> ?)+/, '')) : lines;
  if (plain.some((line) => HUNK.test(line))) return addedBy(plain).join('\n');
  const isPatch =
    plain.some((line) => line.startsWith('+')) && plain.every((line) => /^[-+ @]|^\s*$/.test(line));
  if (!isPatch) return plain.join('\n');
  return plain.map((line) => (/^[-@]/.test(line) ? '' : line.slice(1))).join('\n');
}

const HUNK = /^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@/;

/**
 * What the hunks of a patch add: definitions that begin and end in one of them and have a new line. Of other
 * functions hunks show a part.
 */
function addedBy(lines: readonly string[]): string[] {
  const added = lines.map(() => '');
  for (let at = 0; at < lines.length; at++) {
    if (!HUNK.test(lines[at])) continue;
    let end = at + 1;
    while (end < lines.length && /^(?:[-+ \\]|$)/.test(lines[end])) end++;
    const marked = lines.slice(at + 1, end);
    const shown = marked.map((line) => (/^[-\\]/.test(line) ? '' : line.slice(1)));
    for (const [first, last] of wholeDefinitions(shown)) {
      if (!marked.slice(first, last + 1).some((line) => line.startsWith('+'))) continue;
      for (let i = first; i <= last; i++) added[at + 1 + i] = shown[i];
    }
    at = end - 1;
  }
  return added;
}

/** The first and last lines of each definition in a piece of a file, which may begin and end within one. */
function wholeDefinitions(lines: readonly string[]): [first: number, last: number][] {
  const found: [number, number][] = [];
  let first: number | undefined;
  let depth = 0;
  for (const [at, line] of withoutComments(lines.join('\n')).split('\n').entries()) {
    // Only definitions begin in the first column; their ends and labels do not count.
    if (first === undefined && !/^[A-Za-z_#]/.test(line)) continue;
    if (first === undefined && /^\w+:\s*$/.test(line)) continue;
    first ??= at;
    depth += line.split('{').length - line.split('}').length;
    const isDirective = lines[first].startsWith('#');
    if (isDirective ? line.endsWith('\\') : depth > 0 || !/[;}]\s*$/.test(line)) continue;
    found.push([first, at]);
    [first, depth] = [undefined, 0];
  }
  return found;
}

/** Every name in a C file but those of comments and strings. */
export function namesIn(text: string): ReadonlySet<string> {
  return new Set(withoutComments(text).match(/\b[A-Za-z_]\w*\b/g) ?? []);
}

/** The function whose body follows, if it is one: `static int name(int a, int b)`. */
function functionOf(head: string): CFunction | undefined {
  const match = /^([\s\S]*?)\b([A-Za-z_]\w*)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)\s*$/.exec(head);
  if (!match) return undefined;
  const [, returns, name, list] = match;
  const parameters = list.split(',').map((each) => each.trim().replaceAll(/\s+/g, ' '));
  const none = parameters.length === 1 && ['', 'void'].includes(parameters[0]);
  return { name, returns: returns.trim().replaceAll(/\s+/g, ' '), parameters: none ? [] : parameters };
}

/** The same text with comments and strings blanked: every character stays where it was. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, (found) =>
    found.replaceAll(/[^\n]/g, ' '),
  );
}
