// Compiles src into dist and builds the web app, from nothing, so that no file of an earlier build stays
// behind.
import './require-node.mjs';
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
compile('tsconfig.build.json');
compile('tsconfig.types.json');
writeJsExtensions();
chmodSync('dist/cli/main.js', 0o755);
await import('./bundle-commands.mjs');
await import('./man.mjs');
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
