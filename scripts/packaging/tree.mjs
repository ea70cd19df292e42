// thpscope as it lies on a host below /: Node and the package beside each other in /usr/lib, so that nothing
// is unpacked when it runs, and what a system wants of a program. What .deb, .rpm and image hold.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { nodeBinary } from './node-binary.mjs';
import { filesBelow, packageFiles } from './package-files.mjs';

const HOME = '/usr/lib/thpscope';
const START = `#!/bin/sh
exec ${HOME}/node ${HOME}/dist/cli/main.js "$@"
`;
const COMPLETIONS = {
  bash: 'usr/share/bash-completion/completions/thpscope',
  zsh: 'usr/share/zsh/vendor-completions/_thpscope',
  fish: 'usr/share/fish/vendor_completions.d/thpscope.fish',
};
/** For readers on the host, beside what the program itself opens. */
const DOCS = ['README.md', 'examples/deploy', 'examples/grafana'];

/** Lays the files out below `root`; units go to `units`, which distributions have at different places. */
export function layTree(root, arch, units) {
  rmSync(root, { recursive: true, force: true });
  const write = (path, content, mode = 0o644) => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(file, content);
    chmodSync(file, mode);
  };
  for (const [path, content] of packageFiles(arch))
    write(join(HOME, path), content, path.endsWith('.sh') ? 0o755 : 0o644);
  const node = nodeBinary(arch);
  write(join(HOME, 'node'), readFileSync(join(node, 'node.stripped')), 0o755);
  write('usr/bin/thpscope', START, 0o755);

  for (const page of filesBelow('man')) {
    const section = page.split('.').at(-1);
    write(`usr/share/man/man${section}/${basename(page)}.gz`, packed(readFileSync(page)));
  }
  for (const [shell, path] of Object.entries(COMPLETIONS))
    write(path, execFileSync(process.execPath, ['dist/cli/main.js', 'completion', shell]));
  for (const name of readdirSync('examples/deploy').filter((each) => /\.(service|timer)$/.test(each))) {
    const text = readFileSync(join('examples/deploy', name), 'utf8');
    write(join(units, name), text.replaceAll('/usr/local/bin/thpscope', '/usr/bin/thpscope'));
  }
  const doc = 'usr/share/doc/thpscope';
  write(join(doc, 'changelog.gz'), packed(readFileSync('CHANGELOG.md')));
  write(join(doc, 'copyright'), copyright(readFileSync(join(node, 'LICENSE'), 'utf8')));
  for (const name of DOCS) {
    cpSync(name, join(root, doc, name), { recursive: true });
  }
}

/** gzip writes no time into its header here, so that each build gives the same. */
export function packed(content) {
  return gzipSync(content, { level: 9 });
}

/**
 * In the machine-readable form of Debian: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
 */
function copyright(ofNode) {
  const paragraph = (text) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => ` ${line.trimEnd() || '.'}`)
      .join('\n');
  const ofPackages = ['dist/cli/LICENSES', 'node_modules/koffi/LICENSE.txt']
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n\n');
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: thpscope
Source: https://github.com/thpscope/thpscope

Files: *
Copyright: The thpscope authors
License: Apache-2.0
 On Debian systems the text of the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0.

Files: usr/lib/thpscope/node
Copyright: Node.js contributors, and the authors of what Node.js is built of
License: node-and-what-it-is-built-of
${paragraph(ofNode)}

Files: usr/lib/thpscope/dist/cli/* usr/lib/thpscope/node_modules/*
Copyright: The authors of the packages, as their licences say
License: packages
${paragraph(ofPackages)}
`;
}
