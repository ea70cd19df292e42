// `npm run release VERSION`: says what a release would do. With --write it does it: sets the version, dates
// the changes, commits, tags and builds what people install, with hashes and a bill of materials. What leaves
// this machine, pushing and publishing, is left to people.
import './require-node.cjs';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeBillOfMaterials } from './packaging/bill-of-materials.mjs';
import { ARCHITECTURES } from './packaging/node-binary.mjs';
import { writeRecipes } from './packaging/recipes.mjs';

const CHANGES = 'CHANGELOG.md';
const CHECKS = ['lint', 'test'];
const FORMS = ['executable', 'deb', 'rpm', 'image'];

const words = process.argv.slice(2);
const write = words.includes('--write');
const [version, ...rest] = words.filter((word) => word !== '--write');
if (version === undefined || rest.length > 0) refuse('say which version: npm run release -- 0.2.0 [--write]');
const { version: last } = JSON.parse(readFileSync('package.json', 'utf8'));
if (!/^\d+\.\d+\.\d+$/.test(version)) refuse(`${version} is no version such as 0.2.0`);
if (!isLater(version, last)) refuse(`${version} is not later than ${last}`);
const tag = `v${version}`;

if (git('status', '--porcelain') !== '') refuse('the tree is not clean; commit or stash first');
if (git('tag', '--list', tag) !== '') refuse(`the tag ${tag} is there already`);
const changes = readFileSync(CHANGES, 'utf8');
const unreleased = changes.split(/^## /m).find((section) => section.startsWith('Unreleased\n')) ?? '';
if (!/^- /m.test(unreleased)) refuse(`${CHANGES} lists nothing under Unreleased`);

for (const name of CHECKS) {
  console.log(`npm run ${name}`);
  if (spawnSync('npm', ['run', name], { stdio: 'inherit' }).status !== 0) refuse(`npm run ${name} failed`);
}

if (!write) {
  console.log(`
Ready for ${version}. With --write this would
  set the version in package.json and package-lock.json, and date the changes in ${CHANGES}
  commit "Release ${version}" and tag it ${tag}
  pack thpscope-${version}.tgz
  build ${FORMS.join(', ')} for ${ARCHITECTURES.join(' and ')}, recipes for Homebrew and Nix, and a bill of materials
  write SHA256SUMS of all of them, in release/`);
  process.exit();
}

execFileSync('npm', ['version', version, '--no-git-tag-version'], { stdio: 'ignore' });
const day = new Date().toISOString().slice(0, 10);
writeFileSync(CHANGES, changes.replace('## Unreleased\n', `## Unreleased\n\n## ${version} (${day})\n`));
git('commit', '--quiet', '--all', '--message', `Release ${version}`);
git('tag', '--annotate', tag, '--message', `thpscope ${version}`);
const folder = 'release';
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
// Builds before it packs.
execFileSync('npm', ['pack', '--pack-destination', folder], { stdio: 'inherit' });
for (const arch of ARCHITECTURES)
  execFileSync('npm', ['run', 'package', '--', ...FORMS, '--arch', arch, '-o', folder], { stdio: 'inherit' });
writeRecipes(folder, version);
writeBillOfMaterials(folder, version);
const sums = readdirSync(folder)
  .sort()
  .map((name) => `${sha256(join(folder, name))}  ${name}\n`);
writeFileSync(join(folder, 'SHA256SUMS'), sums.join(''));
console.log(`
Released here, in ${folder}/. To publish:
  git push --follow-tags
  gh release create ${tag} ${folder}/*
  npm publish --provenance ${folder}/thpscope-${version}.tgz    (in CI: provenance needs its identity)`);

function sha256(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function git(...args) {
  return execFileSync('git', args, { encoding: 'utf8' }).trim();
}

function isLater(one, other) {
  const [a, b] = [one, other].map((each) => each.split('.').map(Number));
  const at = a.findIndex((part, i) => part !== b[i]);
  return at >= 0 && a[at] > b[at];
}

function refuse(message) {
  console.error(`release: ${message}`);
  process.exit(1);
}
