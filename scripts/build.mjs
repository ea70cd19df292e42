// Makes dist, which users get; docs/reference; and build, in which every module of src is a file of its own,
// for benchmarks, fuzzing and scripts. From nothing, so that no file of an earlier build stays behind.
import './require-node.cjs';
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

for (const folder of ['dist', 'build']) rmSync(folder, { recursive: true, force: true });
compile('tsconfig.build.json');
compile('tsconfig.types.json');
writeJsExtensions();
await import('./bundle.mjs');
chmodSync('dist/cli/main.js', 0o755);
await import('./man.mjs');
await import('./reference.mjs');
await import('./build-web.mjs');

function compile(project) {
  const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', project], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** Makes declarations name their neighbours as programs do: tsc rewrites .ts to .js in code only. */
function writeJsExtensions() {
  for (const name of readdirSync('dist', { recursive: true }).filter((each) => each.endsWith('.d.ts'))) {
    const text = readFileSync(`dist/${name}`, 'utf8');
    writeFileSync(`dist/${name}`, text.replaceAll(/(['"])(\.\.?\/[^'"\n]*)\.ts\1/g, '$1$2.js$1'));
  }
}
