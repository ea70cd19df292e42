// The start of `thpscope --version` against that of Node itself.
import { spawnSync } from 'node:child_process';
import { medians } from './median.mjs';

export async function measureStartUp() {
  const node = (...args) => spawnSync(process.execPath, args);
  const [time, base] = await medians(31, [
    () => node('dist/cli/main.js', '--version'),
    () => node('-e', '0'),
  ]);
  return [{ name: 'thpscope --version : node -e 0', time, base, ratio: time / base, aim: 1.15 }];
}
