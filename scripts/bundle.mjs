// Puts src into few files, with the packages that it uses: the doors of the library, and the command line
// with what its threads run. Node takes about a millisecond for each module that it loads.
//
// The command line is CommonJS, for Node takes longer to start with an ES module. What is loaded whenever
// thpscope starts is one file, which main.js loads; packages are a file each, and so are rooms, but for what
// checks JSON in them; the rest is split by who loads it. No file requires one that requires it:
// test/cli/built-files.test.ts holds that.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from 'vite';

const START = /\/src\/cli\/start\.ts$/;
const ROOM = /\/src\/(core|machine|khugepaged|simulation|analysis|verify|render|linux|conform)\//;
const PACKAGE = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/;
/** Takes long to load. */
const SCHEMAS = /\/node_modules\/zod\//;
/** Users may lack them, or come with their own. require-node runs on any Node, so it stays as it is. */
const APART = /^(koffi|@swc\/wasm-typescript|@duckdb\/node-api)$|\/require-node\.cjs$/;

await bundle(
  'dist',
  ['index', 'node', 'algorithm'].map((name) => `src/${name}.ts`),
  { format: 'es', chunkFileNames: 'library.js' },
  // Its types name types of packages, so programs need those anyway.
  (path) => !/^[./]/.test(path),
);

const threads = readdirSync('src/cli/shared', { recursive: true }).filter((name) =>
  /-(worker|hooks)\.ts$/.test(name),
);
const scripts = ['src/cli/main.ts', 'src/cli/run.ts', ...threads.map((name) => `src/cli/shared/${name}`)];
const packed = await bundle(
  'dist/cli',
  scripts,
  {
    format: 'cjs',
    chunkFileNames: ({ facadeModuleId, name }) => `${commandOf(facadeModuleId) ?? name}.js`,
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [
        { name: (path, graph) => (isLoadedAtStart(path, graph) ? 'start' : null), priority: 2 },
        { name: (path) => path.match(PACKAGE)?.[1].replace(/^@|\//g, '') ?? null, priority: 1 },
        { name: (path, graph) => (checksJson(path, graph) ? null : (path.match(ROOM)?.[1] ?? null)) },
      ],
    },
  },
  (path) => APART.test(path),
);
writeFileSync('dist/cli/package.json', '{ "type": "commonjs" }\n');
writeFileSync('dist/cli/LICENSES', licensesOf(packed));

async function bundle(outDir, input, output, external) {
  const { output: files } = await build({
    configFile: false,
    logLevel: 'warn',
    ssr: { noExternal: true },
    build: {
      ssr: true,
      target: 'node20',
      outDir,
      emptyOutDir: false,
      copyPublicDir: false,
      minify: false,
      rolldownOptions: {
        input,
        external,
        checks: { pluginTimings: false },
        output: { entryFileNames: '[name].js', ...output },
      },
    },
  });
  return files;
}

/** The licences of the packages that are in some files. */
function licensesOf(files) {
  const paths = files.flatMap(({ moduleIds = [] }) => moduleIds);
  const folders = new Set(paths.flatMap((path) => path.match(PACKAGE)?.[0] ?? []));
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    const file = readdirSync(folder).find((each) => /^licen[sc]e/i.test(each));
    return `${name} ${version}, ${license}\n\n${file ? readFileSync(`${folder}/${file}`, 'utf8') : ''}`;
  });
  return texts.join('\n\n');
}

/** The name of what a command does: all these modules are called `run.ts`. */
function commandOf(path) {
  return path
    ?.match(/\/src\/cli\/(.+)\/run\.ts$/)?.[1]
    .replace('/', '-')
    .replace(/^/, 'run-');
}

function checksJson(path, graph) {
  return graph.getModuleInfo(path)?.importedIds.some((id) => SCHEMAS.test(id)) ?? false;
}

/** Whether the entry of the command line imports a module, itself or through others: before any command. */
function isLoadedAtStart(path, graph) {
  const seen = new Set([path]);
  // A set hands out what is added to it meanwhile.
  for (const each of seen) {
    if (START.test(each)) return true;
    for (const importer of graph.getModuleInfo(each)?.importers ?? []) seen.add(importer);
  }
  return false;
}
