// `npm run bench`: ratios measured in one run on one machine. Absolute times are for orientation only.
import { cpus, release } from 'node:os';
import { measureLiveRead } from './live-read.mjs';
import { measureStartUp } from './start-up.mjs';

console.log(`${cpus().length} x ${cpus()[0].model}, Linux ${release()}, Node ${process.version}\n`);
const rows = [...(await measureStartUp()), ...(await measureLiveRead())];
const width = Math.max(...rows.map(({ name }) => name.length));
for (const { name, time, base, ratio, aim } of rows) {
  const figures = `${time.toFixed(1).padStart(8)} ms  ${base.toFixed(1).padStart(8)} ms  ${ratio.toFixed(2).padStart(6)}x`;
  console.log(`${name.padEnd(width)}  ${figures}${aim ? `  (aim ${aim}x)` : ''}`);
}
