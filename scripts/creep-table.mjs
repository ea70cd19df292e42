// Prints the tables of docs/creep.md: what creeps under the none rules of earlier versions. Run it after `npm
// run build`.
import { x86_64 } from '../build/core/memory/geometry.js';
import { KERNEL_MODELS } from '../build/core/rules/kernel-model.js';
import { creepRowCells, creepTable } from '../build/verify/creep-table.js';

for (const name of ['scaled', 'capped']) {
  console.log(`## ${name}\n`);
  console.log(
    '| max_ptes_none | pages | smallest pattern | passes | resident: at first, after the first pass, at last |',
  );
  console.log('|---|---|---|---|---|');
  for (const row of creepTable(KERNEL_MODELS[name], x86_64))
    console.log(`| ${creepRowCells(row).join(' | ')} |`);
  console.log('');
}
