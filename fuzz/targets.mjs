import { argv } from './argv.mjs';
import { http } from './http.mjs';
import { digest, policy, ranges, scenario } from './json.mjs';
import { kernel } from './kernel.mjs';
import { mail } from './mail.mjs';
import { snapshot } from './snapshot.mjs';

/**
 * What is fuzzed. A target opens with inputs to begin from, a way to change one, and a run, which throws or
 * returns what is wrong where an input does what none may do.
 */
export const TARGETS = { snapshot, digest, ranges, scenario, policy, kernel, mail, argv, http };
