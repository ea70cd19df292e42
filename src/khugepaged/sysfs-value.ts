/** Why a write to a sysfs file fails. */
export type SysfsErrno = 'EINVAL' | 'ERANGE' | 'EACCES' | 'ENOENT';

/** The active one of a list of words in brackets, and a newline. */
export function formatWords(words: readonly string[], active: string): string {
  return `${words.map((word) => (word === active ? `[${word}]` : word)).join(' ')}\n`;
}

/** The word that a write means: one of the list exactly, with at most one newline after it (sysfs_streq). */
export function parseWord<T extends string>(text: string, words: readonly T[]): T | undefined {
  return words.find((word) => word === withoutNewline(text));
}

/**
 * A whole number in base 10, with a plus sign and one newline at most; EINVAL if it is none, ERANGE if it
 * does not fit these bits (kstrtoul, kstrtouint).
 */
export function parseUnsigned(text: string, bits: 32 | 64): number | 'EINVAL' | 'ERANGE' {
  const digits = withoutNewline(text);
  if (!/^\+?\d+$/.test(digits)) return 'EINVAL';
  const value = BigInt(digits.replace('+', ''));
  return value >> BigInt(bits) === 0n ? Number(value) : 'ERANGE';
}

/**
 * 0 or 1 of a flag file; bad text is EINVAL, a number that does not fit ERANGE (docs/khugepaged.md#sysfs).
 */
export function parseFlag(text: string): boolean | 'EINVAL' | 'ERANGE' {
  const value = parseUnsigned(text, 64);
  if (typeof value === 'string') return value;
  return value > 1 ? 'EINVAL' : value === 1;
}

/** A kernel boolean by its first letters: y, t, 1, on and n, f, 0, off (kstrtobool). */
export function parseBoolean(text: string): boolean | 'EINVAL' {
  const lower = text.toLowerCase();
  if (/^([yt1]|on)/.test(lower)) return true;
  if (/^([nf0]|of)/.test(lower)) return false;
  return 'EINVAL';
}

function withoutNewline(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}
