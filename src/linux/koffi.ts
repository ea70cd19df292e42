import type * as Koffi from 'koffi';

/** The optional package that calls functions of libc; undefined where it is not installed. */
export async function loadKoffi(): Promise<typeof Koffi | undefined> {
  try {
    return await import('koffi');
  } catch {
    return undefined;
  }
}
