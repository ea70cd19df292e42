const WORDS_AFTER: ReadonlyMap<string, number> = new Map([
  ['-L', 2],
  ['-P', 4],
]);

/**
 * Joins the words that follow -L (name and list) and -P (name, minimum, maximum, step) into one each, since a
 * flag takes one word: `-P max-ptes-none 0 511 64` becomes `-P max-ptes-none=0,511,64`. Joined words are left
 * alone.
 */
export function joinParameterWords(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const count = WORDS_AFTER.get(words[i]);
    joined.push(words[i]);
    if (count === undefined || i + count >= words.length || words[i + 1].includes('=')) continue;
    const [name, ...values] = words.slice(i + 1, i + 1 + count);
    joined.push(`${name}=${values.join(',')}`);
    i += count;
  }
  return joined;
}
