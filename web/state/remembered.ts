import { type Signal, signal } from '@preact/signals';

/**
 * A setting of whoever looks, not of what is seen: it is in no link, and is there again the next time. A page
 * from the disk may be allowed to keep nothing; it then begins anew each time.
 */
export function remembered<T extends string | number>(
  name: string,
  values: readonly T[],
  first: T,
): Signal<T> {
  const key = `thpscope ${name}`;
  const setting = signal(values.find((value) => String(value) === kept(key)) ?? first);
  setting.subscribe((value) => {
    try {
      if (value === first) localStorage.removeItem(key);
      else localStorage.setItem(key, String(value));
    } catch {
      // It is not kept.
    }
  });
  return setting;
}

function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
