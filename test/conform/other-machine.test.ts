import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** What the scripts run besides QEMU, compilers, apt and Node. */
const COMMON = ['bash', 'cat', 'dirname', 'grep', 'mktemp', 'rm', 'tail'];
const TOOLS = ['qemu-system-x86_64', 'qemu-system-ppc64', 'cc', 'powerpc64le-linux-gnu-gcc', 'xz'];

let bin: string;
beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), 'thpscope-bin-'));
  for (const name of COMMON)
    symlinkSync(execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(bin, name));
});
afterEach(() => rmSync(bin, { recursive: true }));

function putProgram(name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** The share of CI, where only the programs of `bin` are installed. */
function askOtherMachine(): { stdout: string; stderr: string; status: number | null } {
  return spawnSync('bash', ['kernel-lab/other-machine.sh'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: bin },
  });
}

test('where neither tools nor apt are, the reason is said, and nothing fails', () => {
  const { stdout, status } = askOtherMachine();
  expect(status).toBe(0);
  expect(stdout).toMatch(
    /^##### NO OTHER MACHINE ASKED: 7\.2-ppc64 is not to be had: install-tools: missing .*qemu-system-ppc/,
  );
});

test('where apt has no mirror, its own complaint is the reason', () => {
  putProgram('apt-get', "echo 'Get:1 something'; echo 'E: Could not resolve host' >&2; exit 100");
  const { stdout, status } = askOtherMachine();
  expect(status).toBe(0);
  // Who is not root may not ask apt at all.
  if (process.getuid?.() === 0)
    expect(stdout).toContain(
      '##### NO OTHER MACHINE ASKED: 7.2-ppc64 is not to be had: E: Could not resolve',
    );
});

test.each([
  ['no kernel', 4, 0, '##### NO OTHER MACHINE ASKED: 7.2-ppc64 is not to be had: no kernel #####\n'],
  ['no difference', 0, 0, 'another machine was asked: 7.2-ppc64 (plain mixed selftest fault)\n'],
  ['a difference', 1, 1, ''],
  ['an unreadable answer', 5, 5, ''],
])('conform ends with %s', (said, code, status, stdout) => {
  for (const tool of TOOLS) putProgram(tool, 'exit 0');
  putProgram('node', `echo '${said}' >&2; exit ${code}`);
  expect(askOtherMachine()).toMatchObject({ status, stdout });
});
