/** Which numbers a field takes. */
export interface NumberKind {
  readonly whole: boolean;
  readonly most: number;
  /** Whether "any" is an answer, which stands for no limit. */
  readonly orAny: boolean;
}

/** What a field shows where there is no limit. */
export const ANY = 'any';

/** Reads what was typed: `value` is undefined for no limit. Undefined for what the field does not take. */
export function readTyped(
  text: string,
  { whole, most, orAny }: NumberKind,
): { readonly value: number | undefined } | undefined {
  const typed = text.trim();
  if (orAny && typed.toLowerCase() === ANY) return { value: undefined };
  // No more digits than are written without an exponent, which links do not know.
  if (!(whole ? /^\d{1,15}$/ : /^\d{1,15}(\.\d{0,6})?$/).test(typed)) return undefined;
  const value = Number(typed);
  return value <= most ? { value } : undefined;
}

/** "0 to 511", "0 or more, or any". */
export function reachInWords({ most, orAny }: NumberKind): string {
  const reach = most === Infinity ? '0 or more' : `0 to ${most}`;
  return orAny ? `${reach}, or ${ANY}` : reach;
}
