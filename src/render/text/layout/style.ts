import picocolors from 'picocolors';

/** Colours of terminal text by meaning; the identity when colour is off. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly bad: (text: string) => string;
}

export function styleOf(color: boolean): Style {
  const colors = picocolors.createColors(color);
  return { bold: colors.bold, dim: colors.dim, good: colors.green, warn: colors.yellow, bad: colors.red };
}
