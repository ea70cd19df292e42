// thpscope as a package of Fedora, RHEL 8 and later, openSUSE, with Node in it.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { filesBelow, VERSION } from './package-files.mjs';
import { layTree } from './tree.mjs';

const ARCH = { x64: 'x86_64', arm64: 'aarch64' };

/** The package as a file in `folder`; `quick` packs it hardly. Its times are those of the commit. */
export function buildRpm(arch, folder, { epoch, quick, work }) {
  const top = resolve(work, 'rpm');
  const tree = join(top, 'tree');
  rmSync(top, { recursive: true, force: true });
  layTree(tree, arch, 'usr/lib/systemd/system');
  mkdirSync(join(top, 'home'));
  const spec = join(top, 'thpscope.spec');
  writeFileSync(spec, specOf(tree));
  const defines = {
    _topdir: top,
    _build_id_links: 'none',
    __os_install_post: '%{nil}',
    _buildhost: 'localhost',
    use_source_date_epoch_as_buildtime: '1',
    clamp_mtime_to_source_date_epoch: '1',
    _binary_payload: quick ? 'w1.gzdio' : 'w9.xzdio',
  };
  const words = Object.entries(defines).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  execFileSync('rpmbuild', ['-bb', '--quiet', '--nodeps', '--target', ARCH[arch], ...words, spec], {
    env: { ...process.env, HOME: join(top, 'home'), SOURCE_DATE_EPOCH: String(epoch) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const built = join(top, 'RPMS', ARCH[arch]);
  const [name] = readdirSync(built);
  copyFileSync(join(built, name), join(folder, name));
  return join(folder, name);
}

function specOf(tree) {
  const files = filesBelow(tree)
    .map((path) => path.slice(tree.length))
    .sort();
  // Those that are ours alone: they go with the package.
  const folders = new Set(files.flatMap(foldersOf).filter((path) => /\/thpscope(\/|$)/.test(path)));
  return `Name: thpscope
Version: ${VERSION}
Release: 1
Summary: Says what huge page collapse will do to memory before it does it
License: Apache-2.0
URL: https://github.com/thpscope/thpscope
Requires: glibc >= 2.28, libstdc++, libgcc
AutoReqProv: no
# Node is built already, and stripped.
%global debug_package %{nil}

%description
thpscope predicts what transparent huge page collapse of Linux (khugepaged, with sizes below a PMD, mTHP) will do to
the memory of processes that run, or to recorded memory.

%install
mkdir -p %{buildroot}
cp -a ${tree}/. %{buildroot}/

%preun
if [ "$1" = 0 ] && [ -d /run/systemd/system ]; then
  systemctl disable --now thpscope-collect.timer >/dev/null 2>&1 || :
fi

%files
${[...folders].map((path) => `%dir "${path}"`).join('\n')}
${files.map((path) => `"${path}"`).join('\n')}
`;
}

/** The folders above a file, below `/`. */
function foldersOf(path) {
  return path === '/' ? [] : [dirname(path), ...foldersOf(dirname(path))];
}
