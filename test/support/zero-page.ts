import { readFileSync } from 'node:fs';

/**
 * Whether a read fault maps the shared zero page, as Linux does. Kernels of some virtual machines are told
 * not to share it, and map a page of zeros of the process's own.
 */
export const SHARES_ZERO_PAGE = !/\bpvm_no_zero_page=1\b/.test(readFileSync('/proc/cmdline', 'utf8'));
