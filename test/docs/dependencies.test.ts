import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, Record<string, string>>;
const text = readFileSync('docs/dependencies.md', 'utf8');

/** The first cells of the table under a heading. */
function named(heading: string): string[] {
  const section = text.split(`\n## ${heading}\n`)[1].split('\n## ')[0];
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1).map((row) => row.split('|')[1].trim());
}

test('docs/dependencies.md names exactly the packages of package.json', () => {
  const { dependencies, optionalDependencies, devDependencies } = manifest;
  const shipped = Object.keys({ ...dependencies, ...optionalDependencies });
  expect(named('In the package').sort()).toEqual(shipped.sort());
  expect(named('For building and testing').sort()).toEqual(Object.keys(devDependencies).sort());
});

test('a package brings an install script only where the document says so', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { hasInstallScript?: true }>;
  };
  const scripted = Object.keys(packages).filter((path) => packages[path].hasInstallScript);
  expect(scripted).toEqual(['node_modules/koffi']);
  expect(text).toContain('One package has an install script, koffi');
});
