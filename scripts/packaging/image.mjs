// thpscope as an image of OCI: the package of Debian, the libraries that Node needs, a shell for its start,
// and `nsenter`, for examples/deploy/daemonset.yaml. Nothing else is in it.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from './package-files.mjs';
import { layTree } from './tree.mjs';

const ARCH = { x64: 'amd64', arm64: 'arm64' };
const WHOLE = ['libc6', 'libgcc-s1', 'libstdc++6', 'dash', 'libselinux1', 'libpcre2-8-0'];
const ONE_FILE = { package: 'util-linux', path: 'usr/bin/nsenter' };

/** The image as a tar file in `folder`, which `docker load`, `podman load` and `skopeo` read. */
export function buildImage(arch, folder, { epoch, work }) {
  const top = join(work, 'image');
  const [tree, packages, bundle, layout] = ['tree', 'packages', 'bundle', 'layout'].map((name) =>
    join(top, name),
  );
  rmSync(top, { recursive: true, force: true });
  mkdirSync(packages, { recursive: true });
  const names = [...WHOLE, ONE_FILE.package].map((name) => `${name}:${ARCH[arch]}`);
  const own = ownLists(ARCH[arch], join(top, 'apt'));
  // apt checks packages by the signed lists of the archive.
  execFileSync('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', ...own, ...names], {
    cwd: packages,
    stdio: 'ignore',
  });
  layTree(tree, arch, 'usr/lib/systemd/system');
  const only = join(top, 'only');
  for (const file of readdirSync(packages).sort()) {
    const to = file.startsWith(`${ONE_FILE.package}_`) ? only : tree;
    execFileSync('dpkg-deb', ['--extract', join(packages, file), to]);
  }
  cpSync(join(only, ONE_FILE.path), join(tree, ONE_FILE.path));
  for (const name of ['usr/share/lintian', 'usr/share/locale', 'usr/lib/systemd'])
    rmSync(join(tree, name), { recursive: true, force: true });
  for (const name of ['proc', 'sys', 'tmp', 'root', 'etc', 'var/lib/thpscope'])
    mkdirSync(join(tree, name), { recursive: true });
  execFileSync('chmod', ['1777', join(tree, 'tmp')]);
  writeFileSync(
    join(tree, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n',
  );

  const day = new Date(epoch * 1000).toISOString();
  const image = `${layout}:${VERSION}`;
  const umoci = (...words) => execFileSync('umoci', words, { stdio: ['ignore', 'ignore', 'inherit'] });
  execFileSync('find', [tree, '-exec', 'touch', '-h', '-d', `@${epoch}`, '{}', '+']);
  umoci('init', '--layout', layout);
  umoci('new', '--image', image);
  umoci('unpack', '--rootless', '--image', image, bundle);
  execFileSync('cp', ['-a', `${tree}/.`, join(bundle, 'rootfs')]);
  umoci('repack', '--history.created', day, '--image', image, bundle);
  const config = ['--created', day, '--history.created', day, '--architecture', ARCH[arch], '--os', 'linux'];
  umoci(
    'config',
    '--image',
    image,
    ...config,
    '--config.entrypoint',
    '/usr/bin/thpscope',
    '--config.env',
    'PATH=/usr/bin:/bin',
  );
  umoci('gc', '--layout', layout);
  const file = join(folder, `thpscope-${VERSION}-oci-${ARCH[arch]}.tar`);
  execFileSync('tar', [
    '-C',
    layout,
    '--sort=name',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    `--mtime=@${epoch}`,
    '-cf',
    file,
    '.',
  ]);
  return file;
}

/** What apt has to be told for an architecture that the machine has no lists of; fetches them. */
function ownLists(architecture, folder) {
  if (execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim() === architecture) return [];
  const [lists, cache] = ['lists', 'cache'].map((name) => join(folder, name));
  for (const each of [lists, join(cache, 'archives')]) mkdirSync(join(each, 'partial'), { recursive: true });
  const options = [
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    `Dir::State::Lists=${lists}`,
    'Dir::State::status=/dev/null',
    `Dir::Cache=${cache}`,
  ].flatMap((option) => ['-o', option]);
  execFileSync('apt-get', ['update', '-q', '-o', 'APT::Sandbox::User=root', ...options], { stdio: 'ignore' });
  return options;
}
