import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { spawnThpscope } from '../support/thpscope.ts';

interface Container {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly securityContext: { readonly capabilities: { readonly drop: string[]; readonly add: string[] } };
  readonly env: readonly { readonly name: string }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

const documents = parseAllDocuments(readFileSync('examples/deploy/daemonset.yaml', 'utf8'), { strict: true });
const [namespace, daemonSet] = documents.map((each) => each.toJS());
const { hostPID, containers, volumes } = daemonSet.spec.template.spec;
const [container]: readonly [Container] = containers;

test('the manifest is YAML without errors, and its parts fit each other', () => {
  expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
  expect([namespace.kind, daemonSet.kind]).toEqual(['Namespace', 'DaemonSet']);
  expect(daemonSet.metadata.namespace).toBe(namespace.metadata.name);
  expect(daemonSet.spec.template.metadata.labels).toEqual(daemonSet.spec.selector.matchLabels);
  const names = volumes.map(({ name }: { name: string }) => name);
  expect(container.volumeMounts.map(({ name }) => name)).toEqual(names);
  expect(hostPID).toBe(true);
});

test('it has the capabilities of the service, and no others', () => {
  const service = readFileSync('examples/deploy/thpscope-collect.service', 'utf8');
  const rights = /^CapabilityBoundingSet=(.*)$/m.exec(service)?.[1].split(' ');
  const { drop, add } = container.securityContext.capabilities;
  expect(drop).toEqual(['ALL']);
  expect(add.map((each) => `CAP_${each}`)).toEqual(rights);
});

test('collect knows its flags; names in them are those of its environment and volumes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-daemonset-'));
  expect(container.command.at(-1)).toBe('thpscope');
  const spool = container.args.find((each) => each.startsWith('--spool='))?.slice('--spool='.length) ?? '';
  expect(container.volumeMounts.some(({ mountPath }) => spool.startsWith(`${mountPath}/`))).toBe(true);
  const args = container.args
    .filter((each) => !each.startsWith('--every='))
    .map((each) =>
      each
        .replace(/^--output=s3:.*/, `--output=${folder}`)
        .replace(spool, join(folder, 'spool'))
        .replace(/\$\((\w+)\)/, (_, name) => (container.env.some((one) => one.name === name) ? 'node7' : '')),
    );
  const { stderr, code } = await spawnThpscope([...args, '-p', String(process.pid)]);
  rmSync(folder, { recursive: true });
  expect(code, stderr).toBe(0);
  expect(args).toContain('--host=node7');
});
