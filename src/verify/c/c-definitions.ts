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
export function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, (found) =>
    found.replaceAll(/[^\n]/g, ' '),
  );
}
