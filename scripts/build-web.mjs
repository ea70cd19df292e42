// Builds the web app twice: dist/web for `thpscope serve` and other file servers, and dist/web/thpscope.html,
// a single file that opens from the disk.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'vite';

const STANDALONE = 'dist/web-standalone';

const define = { OWN_SEARCH_SCRIPT: JSON.stringify(await ownSearchScript()) };
for (const mode of ['production', 'standalone'])
  await build({ root: 'web', configFile: 'web/vite.config.ts', mode, logLevel: 'warn', define });
writeFileSync('dist/web/thpscope.html', singleFile());
rmSync(STANDALONE, { recursive: true });

/** The script of a worker as text: the page puts the module of a user before it. */
async function ownSearchScript() {
  const [{ output }] = await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      target: 'es2022',
      lib: { entry: 'web/steps/searches/own-search.worker.ts', formats: ['iife'], name: 'ownSearch' },
    },
  });
  return output[0].code;
}

function singleFile() {
  const files = readdirSync(`${STANDALONE}/assets`);
  const only = (ending) => {
    const found = files.filter((name) => name.endsWith(ending));
    if (found.length !== 1)
      throw new Error(`the standalone build has ${found.length} files *${ending}: ${found}`);
    return readFileSync(`${STANDALONE}/assets/${found[0]}`, 'utf8');
  };
  // A script element ends at the first </script, wherever it stands.
  const script = only('.js').replaceAll('</script', '<\\/script');
  const style = only('.css').replaceAll('</style', '<\\/style');
  const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)} 'wasm-unsafe-eval'`,
    `style-src ${hash(style)}`,
    'img-src data: blob:',
    'connect-src data: blob:',
    'worker-src blob: data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>thpscope</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<div id="app"></div>
<script type="module">${script}</script>
</body>
</html>
`;
}
