import fc from 'fast-check';

/**
 * Gives every property test of the importing file one fresh seed and prints it, so that any run can be repeated:
 * THPSCOPE_SEED=<seed> npx vitest run <file>.
 */
const seed = Number(process.env.THPSCOPE_SEED ?? Math.floor(Math.random() * 2 ** 31));

fc.configureGlobal({ seed });
console.log(`THPSCOPE_SEED=${seed}`);
