// thpscope as a package of Debian, with Node in it: Debian 11 and later, Ubuntu 20.04 and later.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, VERSION } from './package-files.mjs';
import { layTree, packed } from './tree.mjs';

const ARCH = { x64: 'amd64', arm64: 'arm64' };
const AUTHORS = 'The thpscope authors <thpscope@users.noreply.github.com>';
const REVISION = `${VERSION}-1`;
/** Why there are findings of lintian that are none here. */
const OVERRIDES = `# Node comes as nodejs.org builds it: Debian's own is older than the one that thpscope needs.
thpscope: embedded-library
thpscope: hardening-no-pie
# Its own Node runs them, started by /usr/bin/thpscope.
thpscope: script-not-executable
# Within the licence of Node, which quotes it for what Node is built of.
thpscope: copyright-file-contains-full-apache-2-license
thpscope: old-fsf-address-in-copyright-file
# There is no bug of Debian to close.
thpscope: initial-upload-closes-no-bugs
`;

/**
 * Stops what an administrator has started and takes their link away; `purge` takes settings and state too.
 */
const SCRIPTS = {
  prerm: `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  deb-systemd-invoke stop thpscope-collect.timer thpscope-collect.service >/dev/null || true
fi
`,
  postrm: `#!/bin/sh
set -e
if [ "$1" = remove ] || [ "$1" = purge ]; then
  rm -f /etc/systemd/system/timers.target.wants/thpscope-collect.timer
fi
if [ "$1" = purge ]; then
  rm -rf /etc/thpscope /var/lib/thpscope /var/lib/private/thpscope /var/cache/thpscope /var/cache/private/thpscope
fi
if [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload >/dev/null || true
fi
`,
};

/** The package as a file in `folder`; `quick` packs it hardly. Its times are those of the commit. */
export function buildDeb(arch, folder, { epoch, quick, work }) {
  const root = join(work, 'deb');
  layTree(root, arch, 'lib/systemd/system');
  const doc = join(root, 'usr/share/doc/thpscope');
  writeFileSync(join(doc, 'changelog.Debian.gz'), packed(changes(epoch)));
  mkdirSync(join(root, 'usr/share/lintian/overrides'), { recursive: true });
  writeFileSync(join(root, 'usr/share/lintian/overrides/thpscope'), OVERRIDES);

  mkdirSync(join(root, 'DEBIAN'));
  const bytes = Number(execFileSync('du', ['-sk', root], { encoding: 'utf8' }).split('\t')[0]);
  writeFileSync(join(root, 'DEBIAN/control'), control(arch, bytes));
  for (const [name, text] of Object.entries(SCRIPTS))
    writeFileSync(join(root, 'DEBIAN', name), text, { mode: 0o755 });
  const names = filesBelow(root)
    .map((path) => path.slice(root.length + 1))
    .filter((path) => !path.startsWith('DEBIAN/'));
  const sums = execFileSync('md5sum', names.sort(), { cwd: root });
  writeFileSync(join(root, 'DEBIAN/md5sums'), sums);
  execFileSync('chmod', ['-R', 'u=rwX,go=rX', root]);
  for (const name of Object.keys(SCRIPTS)) chmodSync(join(root, 'DEBIAN', name), 0o755);

  const file = join(folder, `thpscope_${REVISION}_${ARCH[arch]}.deb`);
  rmSync(file, { force: true });
  const packing = quick ? ['-Zgzip', '-z1'] : ['-Zxz', '-z9'];
  execFileSync('dpkg-deb', ['--root-owner-group', ...packing, '--build', root, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return file;
}

function control(arch, kibibytes) {
  return `Package: thpscope
Version: ${REVISION}
Architecture: ${ARCH[arch]}
Maintainer: ${AUTHORS}
Installed-Size: ${kibibytes}
Depends: libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 8)
Section: admin
Priority: optional
Homepage: https://github.com/thpscope/thpscope
Description: says what huge page collapse will do to memory before it does it
 thpscope predicts what transparent huge page collapse of Linux (khugepaged,
 with sizes below a PMD, mTHP) will do to the memory of processes that run, or
 to recorded memory: which pages become huge ones, how much memory that takes,
 and how many TLB entries it saves. It compares settings, and proposes some.
`;
}

function changes(epoch) {
  const day = new Date(epoch * 1000).toUTCString().replace(/GMT$/, '+0000');
  return `thpscope (${REVISION}) unstable; urgency=medium

  * What is new for users is in changelog.gz.

 -- ${AUTHORS}  ${day}
`;
}
