// Makes examples/redis.parquet: a real redis-server that was filled and then lost four keys of five at
// random, as caches do. Needs redis-server and redis-tools, and root, so that folio orders are in the
// recording. Names of this machine are left out; the rest is as captured.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { RUNNING_KERNEL } from '../build/linux/kernel/kernel-tree.js';
import { openLiveSource } from '../build/linux/live-source.js';
import { writeSnapshot } from '../build/snapshot/writer.js';

const PORT = '16379';
const KEYS = 24_000;
const VALUE_BYTES = 12_000;
const DELETE_FOUR_OF_FIVE = `
  math.randomseed(1)
  for i = 0, ${KEYS} - 1 do if math.random(5) > 1 then redis.call('UNLINK', 'key:' .. i) end end`;
const OUTPUT = process.argv[2] ?? 'examples/redis.parquet';

const redis = spawn(
  'redis-server',
  // Redis turns THP off for itself unless told not to; then there would be nothing to predict.
  [
    '--port',
    PORT,
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--disable-thp',
    'no',
    '--enable-debug-command',
    'local',
  ],
  { stdio: 'ignore' },
);
try {
  while (cli('PING') !== 'PONG') await sleep(100);
  cli('DEBUG', 'POPULATE', String(KEYS), 'key', String(VALUE_BYTES));
  cli('EVAL', DELETE_FOUR_OF_FIVE, '0');
  // jemalloc hands unused pages back within ten seconds.
  await sleep(15_000);
  const source = await openLiveSource(RUNNING_KERNEL, [redis.pid], new Date());
  if (!source.ok) throw new Error(source.failure.message);
  const { host } = source.value;
  const written = await writeSnapshot(OUTPUT, {
    host: { ...host, name: 'example', bootId: '', kernelRelease: host.kernelRelease.replace(/-.*/, '') },
    items: () => withoutCgroup(source.value.items()),
  });
  if (!written.ok) throw new Error(written.failure.message);
  console.log(`${OUTPUT}: ${written.value.ranges} PMD ranges, ${written.value.bytes} bytes`);
} finally {
  redis.kill();
  await once(redis, 'exit');
  rmSync('dump.rdb', { force: true });
}

async function* withoutCgroup(items) {
  for await (const item of items) {
    yield item.kind === 'process' ? { kind: 'process', process: { ...item.process, cgroup: '' } } : item;
  }
}

function cli(...words) {
  return spawnSync('redis-cli', ['-p', PORT, ...words], { encoding: 'utf8' }).stdout.trim();
}
