import type * as Koffi from 'koffi';

let failure: string | undefined;

/** The optional package that calls functions of libc; undefined where it is not installed or not loaded. */
export async function loadKoffi(): Promise<typeof Koffi | undefined> {
  try {
    return await import('koffi');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_DLOPEN_FAILED') failure = message;
    return undefined;
  }
}

/** What the dynamic linker said where the package is installed and was not loaded, and what to do. */
export function whyKoffiFailed(): string {
  if (failure === undefined) return '';
  return `; ${failure}; of a file system that is mounted noexec nothing can be loaded: where thpscope is a single executable, THPSCOPE_CACHE names a folder on another`;
}
