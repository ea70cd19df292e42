// A process that spools files and delivers them until it is killed or done. It says `added KEY` once a file
// is in the spool, and `done` or why not at the end.
import fs from 'node:fs';

const { spool, location, environment, keys, killAt } = JSON.parse(process.argv[2]);
if (killAt !== undefined) killAtStep(killAt);
const stores = new URL('../../../build/fleet/stores/', import.meta.url);
const { addToSpool, deliverSpool } = await import(new URL('spool.js', stores));
const { openStore } = await import(new URL('open-store.js', stores));
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const network = { fetch, now: Date.now, random: Math.random, sleep, timeout: 10_000 };
const store = openStore(location, environment, network).value;
const where = { folder: spool, limit: 1e9 };
for (const [i, key] of keys.entries()) {
  const files = ['rows', 'hosts'].map((table) => `${table}/${key}`);
  const added = await addToSpool(
    where,
    files.map((file) => ({ key: file, bytes: Buffer.from(file.repeat(1000)) })),
  );
  if (!added.ok) throw new Error(added.failure.message);
  fs.writeSync(1, `added ${key}\n`);
  if (i % 3 === 2) await deliverSpool(where, store);
}
const { failure } = await deliverSpool(where, store);
fs.writeSync(1, failure ? `${failure.message}\n` : 'done\n');

/**
 * Ends the process at a step of its work with files: a write in its middle, other steps before they are done.
 */
function killAtStep(last) {
  let step = 0;
  for (const name of Object.keys(fs.promises)) {
    const real = fs.promises[name];
    if (typeof real !== 'function') continue;
    fs.promises[name] = (path, content, ...rest) => {
      if (++step < last) return real.call(fs.promises, path, content, ...rest);
      if (name === 'writeFile') fs.writeFileSync(path, content.subarray(0, content.length / 2));
      process.kill(process.pid, 'SIGKILL');
      return new Promise(() => {});
    };
  }
}
