// `npm run bench [-- NAME...]`: ratios measured in one run on one machine. Absolute times are for orientation
// only. Each run adds a line to bench/history/DATE.jsonl.
import { appendFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { measureDigest } from './digest.mjs';
import { measureExtract } from './extract.mjs';
import { measureFleet } from './fleet.mjs';
import { measureGrowth } from './growth.mjs';
import { measureLiveRead } from './live-read.mjs';
import { measurePageCache } from './page-cache.mjs';
import { measurePlans } from './plan.mjs';
import { measureProcesses } from './processes.mjs';
import { measureStartUp } from './start-up.mjs';
import { measureThpmaps } from './thpmaps.mjs';
import { measureWeb } from './web.mjs';

const PARTS = {
  start: measureStartUp,
  plan: measurePlans,
  digest: measureDigest,
  extract: measureExtract,
  live: measureLiveRead,
  processes: measureProcesses,
  'page-cache': measurePageCache,
  thpmaps: measureThpmaps,
  growth: measureGrowth,
  fleet: measureFleet,
  web: measureWeb,
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PARTS);
const unknown = names.find((name) => !Object.hasOwn(PARTS, name));
if (unknown) {
  console.error(`no part '${unknown}'; there are ${Object.keys(PARTS).join(', ')}`);
  process.exit(2);
}
const machine = { cpus: `${cpus().length} x ${cpus()[0].model}`, linux: release(), node: process.version };
const load = loadavg()[0];
console.log(
  `${machine.cpus}, Linux ${machine.linux}, Node ${machine.node}, load ${load.toFixed(1)} at the start\n`,
);
const rows = [];
for (const name of names) {
  const measured = await PARTS[name]();
  for (const row of measured) print(row);
  rows.push(...measured.map((row) => ({ part: name, ...row })));
}
const date = new Date().toISOString();
const line = JSON.stringify({ date, ...machine, load, rows });
appendFileSync(`bench/history/${date.slice(0, 10)}.jsonl`, `${line}\n`);

function print({ name, time, base, ratio, aim, aimed, unit = 'ms', note }) {
  const number = (value) => value.toFixed(value < 100 ? 1 : 0).padStart(9);
  const figures = `${number(time)} ${unit}  ${number(base)} ${unit}  ${ratio.toPrecision(3).padStart(8)}x`;
  const goal = aim ? `(aim ${aim.toFixed(2)}x)` : aimed ? `(aim ${aimed})` : '';
  console.log(`${name.padEnd(62)} ${figures}  ${[goal, note].filter(Boolean).join(' ')}`.trimEnd());
}
