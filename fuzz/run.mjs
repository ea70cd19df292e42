// Fuzzes what reads things that others wrote: node fuzz/run.mjs [TARGET...] [--seconds N] [--seed S]. Prints
// figures; exit code 1 if something was found, which lies in fuzz/found then.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { below, pick, randomFrom } from '../build/core/base/random.js';
import { Coverage } from './coverage.mjs';
import { TARGETS } from './targets.mjs';

const FOUND = fileURLToPath(new URL('found', import.meta.url));
/**
 * Time of the processor, which no input of some kilobytes may take: that of clocks tells how busy a machine
 * is.
 */
const SLOW_MS = 5000;
/** Inputs that reached new code are changed again this often rather than the first ones. */
const FRESH = 0.7;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const names = positionals.length > 0 ? positionals : Object.keys(TARGETS);
console.log(`fuzz --seconds ${values.seconds} --seed ${seed} ${names.join(' ')}`);
const findings = [];
for (const name of names) findings.push(...(await fuzz(name, Number(values.seconds) / names.length)));
process.exit(findings.length > 0 ? 1 : 0);

async function fuzz(name, seconds) {
  const target = TARGETS[name];
  if (!target) throw new Error(`no target ${name}; there are ${Object.keys(TARGETS).join(', ')}`);
  const { seeds, mutate, run, close } = await target.open();
  const random = randomFrom(seed);
  const coverage = new Coverage(target.covers);
  const corpus = [...seeds];
  const found = new Map();
  const begun = performance.now();
  let inputs = 0;
  for (; performance.now() - begun < seconds * 1000; inputs++) {
    const isFresh = corpus.length > seeds.length && random() < FRESH;
    const from = isFresh
      ? corpus[seeds.length + below(corpus.length - seeds.length, random)]
      : pick(seeds, random);
    const input = inputs < seeds.length ? seeds[inputs] : mutate(from, random, pick(corpus, random));
    const what = await wrongWith(run, input);
    if (what !== undefined && !found.has(what)) found.set(what, keep(name, input, what));
    if (coverage.news() > 0 && inputs >= seeds.length) corpus.push(input);
  }
  await close?.();
  const { all, ran } = coverage.lines();
  if (ran === 0) throw new Error(`${name}: no line of ${target.covers} ran: files may have moved`);
  const percent = Math.round((100 * ran) / Math.max(1, all));
  console.log(
    `${name.padEnd(9)} ${inputs} inputs in ${seconds.toFixed(0)} s, ${corpus.length - seeds.length} kept, ` +
      `${ran} of ${all} lines (${percent}%), ${found.size} found`,
  );
  for (const [what, file] of found) console.log(`  ${file}: ${what}`);
  return [...found];
}

/** What an input does that none may do; undefined where all is well. */
async function wrongWith(run, input) {
  const before = process.cpuUsage();
  try {
    const wrong = await run(input);
    if (wrong !== undefined) return wrong;
  } catch (error) {
    return `throws ${String(error.stack).split('\n').slice(0, 2).join(' ').slice(0, 300)}`;
  }
  const { user, system } = process.cpuUsage(before);
  const ms = (user + system) / 1000;
  return ms > SLOW_MS ? `takes longer than ${SLOW_MS / 1000} s` : undefined;
}

function keep(name, input, what) {
  mkdirSync(FOUND, { recursive: true });
  const bytes = input instanceof Uint8Array ? input : JSON.stringify(input);
  const file = `${FOUND}/${name}-${createHash('sha256').update(what).digest('hex').slice(0, 8)}`;
  writeFileSync(file, bytes);
  return file;
}
