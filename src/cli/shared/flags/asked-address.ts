import { fail, type Result, succeed } from '../../../core/base/failure.ts';

/** One address, or the START-END of a VMA. */
export interface AskedAddress {
  readonly start: number;
  readonly end: number | undefined;
}

/** Reads what a flag of this name says: an address, or the START-END of a VMA as predict -v prints it. */
export function parseAddress(flag: string, text: string): Result<AskedAddress> {
  const match = /^(?:0x)?([0-9a-f]+)(?:-(?:0x)?([0-9a-f]+))?$/i.exec(text);
  if (!match) {
    return fail('usage', `${flag} ${text}: write a hexadecimal address such as 0x7f3a5c200000, or START-END`);
  }
  const start = Number.parseInt(match[1], 16);
  // One address has no second part, which the type of `exec` does not say.
  const second: string | undefined = match[2];
  return succeed({ start, end: second === undefined ? undefined : Number.parseInt(second, 16) });
}
