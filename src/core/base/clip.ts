/** A text as an error message quotes it: at most 40 characters. */
export function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
