import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { openSnapshotFile } from '../../src/snapshot/file.ts';
import { PROGRAM, SCRIPT, SHELL_COMMAND } from '../support/built-command.ts';
import { valueOf } from '../support/ranges.ts';
import { thpscope, words } from '../support/thpscope.ts';

const SNAPSHOT = 'examples/redis.parquet';
const folder = mkdtempSync(join(tmpdir(), 'thpscope-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const DIGEST = join(folder, 'redis.digest.json');
const POLICY = join(folder, 'policy.json');
const CALIBRATION = 'src/khugepaged/calibration/x86-64.json';
const SCENARIO = 'examples/scenarios/go-heap.json';

/** What a shell makes of a line, in which T is the built command: over pipes, each command a process. */
function shell(line: string, env: Record<string, string> = {}) {
  const script = `T() { ${SHELL_COMMAND} "$@"; }\n${line}`;
  const run = spawnSync('bash', ['-o', 'pipefail', '-c', script], {
    maxBuffer: 1 << 26,
    env: { ...process.env, ...env },
  });
  const { stdout, stderr, status: code } = run;
  return { stdout, stderr: stderr.toString(), code };
}

beforeAll(() => {
  expect(shell(`T digest ${SNAPSHOT} -o ${DIGEST}`).code).toBe(0);
  writeFileSync(POLICY, '{"enabled":"always","sizes":{"64K":"always"},"maxPtesNone":0}');
});

describe('standard input is read as a file of the same bytes', () => {
  test.each([
    [`predict FILE --json`, SNAPSHOT],
    [`predict FILE -v`, SNAPSHOT],
    [`predict FILE --json`, DIGEST],
    [`predict ${SNAPSHOT} --policy FILE --json`, POLICY],
    [`predict --pattern 0-20 --policy FILE --json`, POLICY],
    [`explain FILE --address 0x7fd565a00000 --policy default --json`, SNAPSHOT],
    [`sweep FILE --json --workers 2`, SNAPSHOT],
    [`sweep FILE --csv -L orders 64K,2M`, DIGEST],
    [`advise FILE --json`, SNAPSHOT],
    [`advise FILE --by service`, 'examples/services.digest.json'],
    [`advise ${SNAPSHOT} --policy FILE --json`, POLICY],
    [`digest FILE -o -`, SNAPSHOT],
    [`compare walk scaled FILE --orders all --max-ptes-none 255 --json`, SNAPSHOT],
    [`compare walk scaled ${SNAPSHOT} --policy FILE --json`, POLICY],
    [`verify walk --against optimal FILE --orders all --json`, SNAPSHOT],
    [`verify walk scaled --pattern 0-20 --policy FILE`, POLICY],
    [`simulate FILE --json`, SNAPSHOT],
    [`simulate FILE --json`, SCENARIO],
    [`simulate go-heap --calibration FILE --csv`, CALIBRATION],
    [`simulate go-heap --policy FILE --json`, POLICY],
    [`faults --vma 0-512 --history w3 --policy FILE`, POLICY],
  ])('%s of %s', async (line, file) => {
    const named = await thpscope(words(line.replace('FILE', file)));
    const piped = shell(`cat ${file} | T ${line.replace('FILE', '-')}`);
    const withoutName = (text: string) => text.replaceAll(file, 'standard input');
    expect(named.stdout.length).toBeGreaterThan(0);
    expect(withoutName(piped.stdout.toString())).toBe(withoutName(named.stdout));
    expect(withoutName(piped.stderr)).toBe(withoutName(named.stderr));
    expect(piped.code).toBe(named.code);
  });

  test('with files beside it', () => {
    const both = shell(`cat ${SNAPSHOT} | T advise ${DIGEST} -`);
    expect([both.code, both.stderr]).toEqual([
      2,
      'thpscope: digests and snapshots cannot be combined: digest the snapshots first\n',
    ]);
    const own = join(folder, 'own.digest.json');
    const twice = shell(`T digest -p $$ -o ${own} && cat ${own} | T advise ${own} -`);
    expect(twice.stderr).toContain(`is in ${own} (`);
    expect(twice.stderr).toContain(' and in standard input (');
    expect(twice.code).toBe(2);
  });

  test('of a report, which then says no command that would read it again', () => {
    const named = shell(`T report ${SNAPSHOT} --orders 2-9 -o - | cat`);
    const piped = shell(`cat ${SNAPSHOT} | T report - --orders 2-9 -o -`);
    expect(named.stdout.toString()).toContain(`explain ${SNAPSHOT} --address`);
    expect(piped.stdout.toString()).toMatch(/^<!doctype html>[^]*<\/html>\s*$/i);
    expect(piped.stdout.toString()).not.toContain('thpscope explain');
    expect(piped.stderr).toBe(
      named.stderr.replace(/[\d.]+K; open/, /[\d.]+K; open/.exec(piped.stderr)?.[0] ?? ''),
    );
  });

  test('of serve', async () => {
    const child = spawn(PROGRAM, [...SCRIPT, 'serve', '-', '--no-open']);
    child.stdin.end(readFileSync(SNAPSHOT));
    const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
    const page = /http:[^\s"#]+/.exec(line)?.[0] ?? '';
    try {
      const sources = await (await fetch(new URL('sources.json', page))).json();
      expect(sources).toMatchObject([{ id: '0', name: 'standard input', live: false }]);
      const served = await (await fetch(new URL('sources/0', page))).arrayBuffer();
      expect(Buffer.from(served).equals(readFileSync(SNAPSHOT))).toBe(true);
    } finally {
      const closed = once(child, 'close');
      child.kill('SIGINT');
      await closed;
    }
  });
});

describe('standard input that is nothing to read', () => {
  test.each([
    ['T predict - < /dev/null', 'standard input: is empty; has the command that should write it failed?'],
    ['T predict - <&-', 'standard input: is empty; has the command that should write it failed?'],
    ['false | T advise -', 'standard input: is empty'],
    [`head -c 9000 ${SNAPSHOT} | T predict -`, 'standard input: is cut off: its footer is missing'],
    [`head -c 900 DIGEST | T advise -`, 'standard input: cannot be read as a digest: not JSON'],
    ['echo hello | T predict -', 'standard input: is not a Parquet file'],
    ['echo hello | T simulate -', 'standard input: is not a Parquet file'],
    [`echo '{' | T predict --pattern 0 --policy -`, '--policy standard input, neither current nor default: '],
    ['yes | T predict -', 'standard input: has more than 256M, too much for what it should be'],
  ])('%s', (line, said) => {
    const { code, stdout, stderr } = shell(line.replace('DIGEST', DIGEST));
    expect(stderr).toContain(`thpscope: ${said}`);
    expect([code, stdout.toString()]).toEqual([5, '']);
  });

  test.each([
    'predict - -',
    'predict - --policy -',
    'predict --ranges - --policy -',
    'compare walk scaled - - --orders all',
    'simulate - --calibration -',
    'serve - - --no-open',
  ])('it is named once: %s', (line) => {
    const { code, stderr, stdout } = shell(`cat ${POLICY} | T ${line}`);
    expect(stderr).toMatch(
      /^thpscope: -: (is given twice|standard input can be read once; name a file for the others)\n$/,
    );
    expect([code, stdout.toString()]).toEqual([2, '']);
  });

  test('a full disk for what is kept is said', () => {
    const script = `mount -t tmpfs -o size=4k none ${folder}/full && echo mounted && cat ${SNAPSHOT} | TMPDIR=${folder}/full T predict -`;
    const run = shell(`mkdir ${folder}/full; export -f T; unshare -m bash -c '${script}'`);
    if (!run.stdout.toString().startsWith('mounted\n')) return;
    expect(run.stderr).toBe(
      `thpscope: standard input: is kept in ${folder}/full, which is full; set TMPDIR, or name a file\n`,
    );
    expect(run.code).toBe(4);
  });

  test('what is kept of it has no name while it is read, so that nothing can leave it behind', async () => {
    const temporary = mkdtempSync(join(folder, 'tmp-'));
    const child = spawn(PROGRAM, [...SCRIPT, 'predict', '-'], {
      env: { ...process.env, TMPDIR: temporary },
    });
    const bytes = readFileSync(SNAPSHOT);
    let isEnded = false;
    const ended = once(child, 'exit').then(() => (isEnded = true));
    child.stdin.write(bytes.subarray(0, 100));
    // It has read what was written once it holds a file that is deleted.
    const holdsDeleted = () =>
      spawnSync('bash', [
        '-c',
        `ls -l /proc/${child.pid}/fd 2>/dev/null | grep -q 'standard-input (deleted)'`,
      ]).status === 0;
    if (process.platform === 'linux')
      while (!holdsDeleted()) {
        if (isEnded) throw new Error('it ended before it had read all');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    expect(readdirSync(temporary)).toEqual([]);
    child.kill('SIGKILL');
    await ended;
    expect(readdirSync(temporary)).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('a capture to standard output', () => {
  const sleeper = spawn('sleep', ['1000'], { stdio: 'ignore' });
  afterAll(() => void sleeper.kill());

  async function itemsOf(path: string) {
    const snapshot = valueOf(await openSnapshotFile(path));
    const items: MemoryItem[] = [];
    for await (const item of snapshot.items()) {
      // What its control group counts is of that moment.
      items.push(
        'process' in item ? { ...item, process: { ...item.process, groupCounters: undefined } } : item,
      );
    }
    snapshot.close();
    // Of another moment.
    const { time: _, counters: __, ...host } = snapshot.host;
    return { host, items };
  }

  test('is the same as one to a file', async () => {
    const [file, piped] = [join(folder, 'file.parquet'), join(folder, 'piped.parquet')];
    const toFile = shell(`T capture -p ${sleeper.pid} -o ${file}`);
    const toPipe = shell(`T capture -p ${sleeper.pid} -o - | cat > ${piped}`);
    expect([toFile.code, toPipe.code]).toEqual([0, 0]);
    expect(toPipe.stderr).toMatch(/^thpscope: wrote to standard output: 1 process, \d+ PMD ranges/);
    expect(await itemsOf(piped)).toEqual(await itemsOf(file));
  });

  test('is read by all that take snapshots', () => {
    const { code, stdout } = shell(`T capture -p ${sleeper.pid} -o - | T digest - -o - | T predict - --json`);
    expect(code).toBe(0);
    expect(JSON.parse(stdout.toString())).toMatchObject({ schema: 'thpscope/predict@1' });
  });

  test('fails where its reader goes away, its disk is full, or the process cannot be read', () => {
    const gone = shell(`T capture -p ${sleeper.pid} -o - | true; echo \${PIPESTATUS[0]}`);
    expect(gone.stdout.toString()).toBe('141\n');
    const full = shell(`T capture -p ${sleeper.pid} -o - > /dev/full`);
    expect(full.stderr).toBe('thpscope: standard output: ENOSPC: no space left on device, write\n');
    expect(full.code).toBe(4);
    const missing = shell('T capture -p 4194304 -o - | cat');
    expect([missing.code, missing.stderr]).toEqual([5, expect.stringContaining('process 4194304')]);
  });

  test('is no place for what --json says', () => {
    const { code, stderr, stdout } = shell(`T capture -p ${sleeper.pid} -o - --json`);
    expect(stderr).toBe('thpscope: -o - and --json: both write to standard output; give one of them\n');
    expect([code, stdout.toString()]).toEqual([2, '']);
  });
});

test('a reader of text may go away, as before', () => {
  const { stdout } = shell(`T sweep ${DIGEST} --csv | head -1; echo \${PIPESTATUS[0]}`);
  expect(stdout.toString()).toMatch(/\n0\n$/);
});

test('a terminal is neither written a file to nor read as one', () => {
  const terminal = (line: string) => {
    const command = `${SHELL_COMMAND} ${line}`;
    return spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' });
  };
  const written = terminal(`digest ${SNAPSHOT} -o -`);
  if (written.error) return; // util-linux is not here
  expect(written.status).toBe(2);
  expect(written.stdout.trim()).toBe(
    'thpscope: -o -: standard output is a terminal; redirect it to a file or pipe it to a command',
  );
  expect(terminal(`capture -p ${process.pid} -o -`).status).toBe(2);
  const read = terminal('predict -');
  expect([read.status, read.stdout.trim()]).toEqual([
    2,
    'thpscope: -: standard input is a terminal; pipe a file into it, or name one',
  ]);
});

test('verify prints the module to start from', () => {
  const { code, stdout, stderr } = shell(
    'T verify --new - | tee walk.tmp.mjs >/dev/null; cat walk.tmp.mjs; rm walk.tmp.mjs',
  );
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.toString()).toContain('export default ');
});
