// A whole `predict -p` of 4 GiB against the kernel's thpmaps on the same process, and against what the kernel
// and Node alone take for it. THPMAPS is the path to that script, which comes with the kernel's source
// (tools/mm/thpmaps; Debian has it in linux-source-6.12) and needs root. CPU times.
import { readFileSync } from 'node:fs';
import { cpuOf, cpuOfCommand, holdMemory, mediansOf, timeBareReads } from './live-memory.mjs';

const KINDS = ['dense', 'half-huge', 'scattered', 'folios'];
const ROUNDS = 5;

export async function measureThpmaps() {
  const script = process.env.THPMAPS;
  if (!script) return [];
  const rows = [];
  for (const kind of KINDS) rows.push(...(await measureKind(kind, script)));
  return rows;
}

async function measureKind(kind, script) {
  const memory = await holdMemory(kind, 4096);
  const pid = String(memory.pid);
  const [time, base, start, node, smaps] = mediansOf(ROUNDS, [
    () => cpuOfCommand(process.execPath, 'dist/cli/main.js', 'predict', '-p', pid),
    () => cpuOfCommand('python3', script, '--pid', pid),
    () => cpuOfCommand(process.execPath, 'dist/cli/main.js', '--version'),
    () => cpuOfCommand(process.execPath, '-e', '0'),
    () => cpuOf(() => readFileSync(`/proc/${pid}/smaps`)),
  ]);
  const { scan } = timeBareReads(memory, ROUNDS);
  memory.stop();
  const floor = node + smaps + scan;
  const parts = [node, smaps, scan].map((each) => each.toFixed(0)).join(' + ');
  return [
    {
      name: `predict -p of ${kind} 4 GiB : thpmaps`,
      time,
      base,
      ratio: time / base,
      aim: kind === 'folios' ? 0.6 : 1 / 3,
    },
    {
      name: '  floor (node -e 0 + smaps + PAGEMAP_SCAN)',
      time: floor,
      base,
      ratio: floor / base,
      note: `${parts} ms`,
    },
    { name: '  thpscope --version', time: start, base, ratio: start / base },
  ];
}
