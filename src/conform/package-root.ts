import { fileURLToPath } from 'node:url';

/**
 * The folder of this package, with what was built in dist: two above this module, as a source and in what is
 * built of it.
 */
export const PACKAGE_ROOT = fileURLToPath(new URL('../../', import.meta.url));
