import fc from 'fast-check';

/**
 * One fresh seed for every property test and every slice of the importing file, printed so that any run can
 * be repeated: THPSCOPE_SEED=<seed> npx vitest run --project model <file>.
 */
export const seed = Number(process.env.THPSCOPE_SEED ?? Math.floor(Math.random() * 2 ** 31));

fc.configureGlobal({ seed });
console.log(`THPSCOPE_SEED=${seed}`);
