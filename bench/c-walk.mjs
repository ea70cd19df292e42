// The plain C walk of bench/reference, compiled with -O2 when it is first needed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Nanoseconds a range of each policy over these bitmaps, with how many windows it found and their checksum.
 */
export function timeWalk(bitmaps, rounds, policies) {
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-bench-'));
  try {
    const program = join(folder, 'walk');
    execFileSync('cc', ['-O2', '-o', program, 'bench/reference/walk.c']);
    writeFileSync(join(folder, 'bitmaps'), bitmaps);
    const asked = policies.map(({ orders, none }) => `${orders.toString(16)}:${none}`);
    const output = execFileSync(program, [join(folder, 'bitmaps'), String(rounds), ...asked], {
      encoding: 'utf8',
    });
    return output
      .trim()
      .split('\n')
      .map((line) => {
        const [time, windows, sum] = line.split(' ').map(Number);
        return { time, windows, sum };
      });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
