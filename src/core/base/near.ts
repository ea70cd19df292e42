/** One letter of so many may be wrong in a word that is taken for another. */
const LETTERS_A_CHANGE = 3;

/** The word of a list that somebody may have meant; undefined where none is near. */
export function nearestWord(typed: string, words: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.floor(typed.length / LETTERS_A_CHANGE) + 1;
  for (const word of words) {
    const changes = changesBetween(typed, word);
    if (changes < least) [best, least] = [word, changes];
  }
  return best;
}

/** How many letters must be put in, left out or exchanged to get from one word to the other. */
function changesBetween(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, length) => length);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const exchanged = above[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      row.push(Math.min(exchanged, above[j] + 1, row[j - 1] + 1));
    }
    above = row;
  }
  return above[to.length];
}
