// A whole `predict -p` of 4 GiB against the kernel's thpmaps on the same process. THPMAPS is the path to that script, which
// comes with the kernel's source (tools/mm/thpmaps) and needs root.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { medians } from './median.mjs';

export async function measureThpmaps() {
  const script = process.env.THPMAPS;
  if (!script) return [];
  const child = spawn(process.execPath, ['bench/occupied.mjs', String(4 * 2 ** 30), '4']);
  await once(child.stdout, 'data');
  const run = (command, ...args) => {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  };
  const [time, base] = await medians(3, [
    () => run(process.execPath, 'dist/cli/main.js', 'predict', '-p', String(child.pid)),
    () => run('python3', script, '--pid', String(child.pid)),
  ]);
  child.kill();
  return [{ name: 'predict -p of 4 GiB : thpmaps', unit: 'ms', time, base, ratio: time / base, aim: 1 / 3 }];
}
