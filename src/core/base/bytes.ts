const UNITS = ['B', 'K', 'M', 'G', 'T', 'P', 'E'];

/** Bytes as people read them, in binary units with at most three digits: "64K", "1.5G", "0B". */
export function formatBytes(bytes: number): string {
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    if (value < 1024 && Number.isInteger(value)) break;
    value /= 1024;
    unit++;
  }
  const digits = Number.isInteger(value) || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  const text = value.toFixed(digits).replace(/\.0+$|(\.\d*[1-9])0+$/, '$1');
  return `${bytes < 0 ? '-' : ''}${text}${UNITS[unit]}`;
}

/** Reads "64K", "64kB", "2M", "1GiB"; undefined when the text is not a size with a binary unit. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+)([KMGT])(i?B)?$/i.exec(text);
  if (!match) return undefined;
  return Number(match[1]) * 1024 ** UNITS.indexOf(match[2].toUpperCase());
}
