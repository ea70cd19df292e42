/**
 * The first flag that is named like something every object has, such as --constructor: no command has it, and
 * stricli, which looks flags up in plain objects, would take it for one. Undefined if there is none.
 */
export function inheritedFlag(words: readonly string[]): string | undefined {
  const end = words.indexOf('--');
  const flags = (end < 0 ? words : words.slice(0, end)).filter((word) => word.startsWith('--'));
  return flags.map((word) => word.slice(2).replace(/=.*/s, '')).find(isInherited);
}

/** Flags may be written as-words or asWords, and denied by a no before them. */
function isInherited(name: string): boolean {
  const camel = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const denied = /^no[A-Z_]/.test(camel) ? camel[2].toLowerCase() + camel.slice(3) : camel;
  return [name, camel, denied].some((each) => each in {});
}
