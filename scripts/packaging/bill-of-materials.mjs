// What is in the files of a release, as CycloneDX: what npm says of the packages, without those that only
// build and test, and Node.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Packages that the web app imports go into it, though npm takes them for tools. */
const WEB_SOURCES = 'web';
const IMPORTED = /from '((?:@[a-z][^/']*\/)?[a-z][^/':]*)/g;

/** Writes `thpscope-VERSION.cdx.json`. npm puts its time and a random serial number in. */
export function writeBillOfMaterials(folder, version) {
  const words = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
  const bill = JSON.parse(execFileSync('npm', words, { encoding: 'utf8', maxBuffer: 1 << 26 }));
  const shipped = shippedRefs(bill);
  const { version: node, binaries } = JSON.parse(
    readFileSync(new URL('node-binaries.json', import.meta.url), 'utf8'),
  );
  bill.components = [
    ...bill.components.filter((each) => shipped.has(each['bom-ref'])),
    ...Object.values(binaries).map(({ package: name }) => ({
      type: 'platform',
      'bom-ref': `${name}@${node}`,
      name,
      version: node,
      purl: `pkg:npm/${name}@${node}`,
      licenses: [{ license: { id: 'MIT' } }],
    })),
  ];
  bill.dependencies = bill.dependencies.filter(
    ({ ref }) => shipped.has(ref) || ref === bill.metadata.component['bom-ref'],
  );
  for (const each of bill.dependencies) each.dependsOn = each.dependsOn.filter((ref) => shipped.has(ref));
  writeFileSync(join(folder, `thpscope-${version}.cdx.json`), `${JSON.stringify(bill, undefined, 2)}\n`);
}

/** Components that npm installs with thpscope, and those of the web app with what they need. */
function shippedRefs({ components, dependencies }) {
  const ofWeb = new Set(
    readdirSync(WEB_SOURCES, { recursive: true })
      .filter((name) => /\.tsx?$/.test(name) && statSync(join(WEB_SOURCES, name)).isFile())
      .flatMap((name) => [...readFileSync(join(WEB_SOURCES, name), 'utf8').matchAll(IMPORTED)])
      .map(([, name]) => name),
  );
  const isTool = ({ properties = [] }) =>
    properties.some(({ name }) => name === 'cdx:npm:package:development');
  const nameOf = ({ group, name }) => (group ? `${group}/${name}` : name);
  const refs = new Set(
    components.filter((each) => !isTool(each) || ofWeb.has(nameOf(each))).map((each) => each['bom-ref']),
  );
  const needs = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  // A set hands out what is added to it meanwhile.
  for (const ref of refs) for (const other of needs.get(ref) ?? []) refs.add(other);
  return refs;
}
