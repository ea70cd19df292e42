// What the build reaches, for `npm run lint`. `knip` counts tests as users: every export has an importer. `knip --production`
// does not: what only a test uses leaves src, but a declaration that its own file uses may be exported for a test.
const isProduction = process.argv.includes('--production');

export default {
  entry: [
    'src/cli/main.ts!',
    'src/cli/executable/main.ts!',
    // What a program may import.
    'src/{index,node,algorithm}.ts!',
    'src/cli/shared/*/*-{worker,hooks}.ts!',
    'web/main.tsx!',
    // scripts/build-web.mjs hands it to the page as text.
    'web/steps/searches/own-search.worker.ts!',
    'web/vite.config.ts!',
    'scripts/*.mjs!',
    // What package.json starts is no entry of production.
    ...(isProduction ? ['scripts/packaging/build.mjs!'] : []),
    'bench/{run,extract,peak-memory}.mjs!',
    'fuzz/{run,targets}.mjs!',
    // Compiled and started by a test.
    'test/snapshot/endless-capture.ts',
  ],
  project: [
    'src/**/*.ts!',
    'web/**/*.{ts,tsx}!',
    'scripts/**/*.mjs!',
    'bench/*.mjs!',
    'fuzz/*.mjs!',
    'test/**/*.{ts,tsx}',
  ],
  ignoreExportsUsedInFile: isProduction,
  // Programs of the system: README and CONTRIBUTING say where they come from.
  ignoreBinaries: [
    'apt-get',
    'cc',
    'dpkg',
    'dpkg-deb',
    'gcc',
    'javac',
    'jq',
    'ldd',
    'man',
    'mkfifo',
    'mount',
    'psql',
    'redis-cli',
    'redis-server',
    'rpmbuild',
    'script',
    'setpriv',
    'systemd-analyze',
    'systemd-tmpfiles',
    'umoci',
    'umount',
    'unshare',
  ],
  // Tests read the script of the one and run the others.
  ignoreDependencies: ['axe-core', '@arethetypeswrong/cli', 'publint'],
  // Scripts and benchmarks run what is built from src.
  compilers: { mjs: (text) => text.replaceAll(/'\.\.\/(build|dist)\//g, "'../src/") },
};
