import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const FOLDER = 'examples/deploy';
const UNITS = readdirSync(FOLDER).filter((name) => /\.(service|timer)$/.test(name));
const PROGRAM = '/usr/local/bin/thpscope';

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
if (!hasSystemd) console.error('##### NO SYSTEMD HERE: nobody reads the units of examples/deploy #####');

/** The units where thpscope is not installed. */
function unitsIn(folder: string, changed: (text: string) => string): string[] {
  return UNITS.map((name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8').replaceAll(PROGRAM, process.execPath);
    const path = join(folder, name);
    writeFileSync(path, changed(text));
    return path;
  });
}

function verified(changed: (text: string) => string) {
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-units-'));
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', ...unitsIn(folder, changed)], {
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true });
  return { status, said: stdout + stderr };
}

test.skipIf(!hasSystemd)('systemd finds nothing wrong with the units', () => {
  expect(UNITS).toEqual(['thpscope-collect.service', 'thpscope-collect.timer']);
  expect(verified((text) => text)).toEqual({ status: 0, said: '' });
  expect(verified((text) => text.replace('CPUQuota=', 'CPUQuotta=')).said).toContain('CPUQuotta');
});

test('the service has no other rights than those that docs/fleet.md measures', () => {
  const text = readFileSync(join(FOLDER, 'thpscope-collect.service'), 'utf8');
  const rights = 'CAP_SYS_ADMIN CAP_SYS_PTRACE CAP_DAC_READ_SEARCH';
  expect(text).toContain(`\nAmbientCapabilities=${rights}\n`);
  expect(text).toContain(`\nCapabilityBoundingSet=${rights}\n`);
});
