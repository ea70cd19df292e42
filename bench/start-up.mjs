// The start of `thpscope --version` against that of Node itself, with the floor: a file that prints a line.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { medians } from './median.mjs';

export async function measureStartUp() {
  const node = (...args) => spawnSync(process.execPath, args);
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-start-'));
  const line = join(folder, 'line.cjs');
  writeFileSync(line, "process.stdout.write('0.1.0\\n');");
  const [time, floor, base] = await medians(31, [
    () => node('dist/cli/main.js', '--version'),
    () => node(line),
    () => node('-e', '0'),
  ]);
  rmSync(folder, { recursive: true });
  return [
    { name: 'thpscope --version : node -e 0', time, base, ratio: time / base, aim: 1.15 },
    { name: 'a file that prints a line : node -e 0', time: floor, base, ratio: floor / base },
  ];
}
