// Assembles src/core/bitmaps/bitmaps.wat into bitmaps-bytes.ts beside it. `--check` fails when the committed
// bytes are not those of the text.
import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const SOURCE = 'src/core/bitmaps/bitmaps.wat';
const OUTPUT = 'src/core/bitmaps/bitmaps-bytes.ts';

const { parseWat } = await wabt();
const assembled = parseWat(SOURCE, readFileSync(SOURCE, 'utf8'));
assembled.validate();
const { buffer } = assembled.toBinary({});
const lines = Buffer.from(buffer)
  .toString('hex')
  .match(/.{1,96}/g);
const output = [
  '/** The bytes of bitmaps.wat in hexadecimal: `node scripts/assemble-bitmaps.mjs` writes this file. */',
  'export const BITMAPS_BYTES =',
  lines.map((line) => `  '${line}'`).join(' +\n') + ';',
  '',
].join('\n');
if (!process.argv.includes('--check')) writeFileSync(OUTPUT, output);
else if (readFileSync(OUTPUT, 'utf8') !== output) {
  console.error(`${OUTPUT} is not what ${SOURCE} says: run node scripts/assemble-bitmaps.mjs`);
  process.exit(1);
}
