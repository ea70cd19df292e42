// Puts the modules that describe commands into dist/cli/app.js, for they are loaded whenever thpscope starts
// and Node takes about a millisecond for each. What commands do stays in modules of its own, and is loaded
// when they run.
import { build } from 'vite';

const FILE = 'dist/cli/app.js';

await build({
  configFile: false,
  logLevel: 'warn',
  build: {
    ssr: FILE,
    outDir: 'dist/cli',
    emptyOutDir: false,
    copyPublicDir: false,
    minify: false,
    rolldownOptions: {
      external: (id) => /^[^./]/.test(id) || /\/(run|version|exit-code)\.js$/.test(id),
      output: { entryFileNames: 'app.js' },
    },
  },
});
