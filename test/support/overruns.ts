/** Lines of a text that are wider than so many columns, but for single words that no line can hold. */
export function overruns(text: string, columns: number): string[] {
  return text.split('\n').filter((line) => line.length > columns && /\S\s+\S/.test(line.trim()));
}
