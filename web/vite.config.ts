import { defineConfig } from 'vite';

/**
 * Two builds of the app: for `thpscope serve` and other file servers, with charts loaded on demand; and, with
 * `--mode standalone`, as one script and one style sheet that scripts/build-web.mjs puts into a single file.
 */
export default defineConfig(({ mode }) => {
  const standalone = mode === 'standalone';
  return {
    base: './',
    publicDir: false,
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    // Pages from the disk may not start workers that are modules.
    worker: { format: 'iife' },
    build: {
      outDir: standalone ? '../dist/web-standalone' : '../dist/web',
      emptyOutDir: true,
      target: 'es2022',
      modulePreload: false,
      assetsInlineLimit: standalone ? Number.MAX_SAFE_INTEGER : 0,
      cssCodeSplit: !standalone,
      chunkSizeWarningLimit: 1024,
      rolldownOptions: { output: { codeSplitting: !standalone } },
    },
  };
});
