import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { PROGRAM, SCRIPT } from '../support/built-command.ts';
import { thpscope, words } from '../support/thpscope.ts';

const HOSTILE = 'test/fixtures/hostile';
const SNAPSHOT = 'examples/redis.parquet';
const folder = mkdtempSync(join(tmpdir(), 'thpscope-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fifo = join(folder, 'fifo.json');
execFileSync('mkfifo', [fifo]);
const directory = join(folder, 'directory.json');
mkdirSync(directory);

/** Every way to name an input. */
const INPUTS = [
  'predict FILE',
  'explain FILE --address 0',
  'digest FILE -o out',
  'report FILE -o out',
  'sweep FILE',
  'advise FILE',
  'compare walk scaled FILE',
  'verify walk --against optimal FILE',
  'serve FILE --no-open',
  'simulate FILE',
  'simulate go-heap --calibration FILE',
  `predict ${SNAPSHOT} --policy FILE`,
  'predict --ranges FILE',
  'faults --histories FILE',
];

describe('what is no regular file is refused, and nobody waits for it', () => {
  for (const line of INPUTS) {
    const kinds: [what: string, path: string][] = [
      ['a pipe', fifo],
      ['a device', '/dev/zero'],
    ];
    if (!line.startsWith('serve')) kinds.push(['a directory', directory]);
    test.each(kinds)(`${line}: %s`, async (what, path) => {
      const { code, stdout, stderr } = await thpscope(
        words(line).map((word) => (word === 'FILE' ? path : word)),
      );
      expect(stderr).toContain(`${path}`);
      expect(stderr).toContain(`is not a regular file but ${what}; name a file`);
      expect([code, stdout]).toEqual([5, '']);
    });
  }
});

test.each(['predict --ranges -', 'faults --histories -'])(
  'standard input may be a pipe: %s',
  async (line) => {
    const child = spawn(PROGRAM, [...SCRIPT, ...words(line)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [lines, history] = ['{"present":"0-15"}\n', '{"vma":"0-512","history":"w0"}\n'];
    child.stdin.end(line.startsWith('predict') ? lines : history);
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    expect(() => JSON.parse(stdout)).not.toThrow();
  },
);

describe('a byte order mark is skipped', () => {
  test('in ranges', async () => {
    const { code, stdout } = await thpscope(['predict', '--ranges', `${HOSTILE}/ranges-bom.ndjson`]);
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(1);
  });

  test('in a scenario: the answer is that without it', async () => {
    const [marked, sound] = await Promise.all(
      ['scenario-bom', 'scenario-sound'].map((name) =>
        thpscope(['simulate', `${HOSTILE}/${name}.json`, '--json']),
      ),
    );
    expect(marked.stdout === sound.stdout).toBe(true);
    expect([marked.code, sound.code]).toEqual([0, 0]);
  });

  test('in a policy file and a digest', async () => {
    const policy = join(folder, 'policy.json');
    writeFileSync(policy, '\ufeff{"enabled":"always"}');
    expect((await thpscope(['predict', SNAPSHOT, '--policy', policy])).code).toBe(0);
  });
});

describe('ids are given back digit for digit', () => {
  test.each([
    ['12345678901234567890', '12345678901234567890'],
    ['1.0', '1.0'],
    ['1e2', '1e2'],
    ['"12345678901234567890"', '"12345678901234567890"'],
    ['""', '""'],
  ])('%s', async (id, given) => {
    const ranges = await thpscope(words('predict --ranges -'), `{"present":"0","id":${id}}`);
    expect(ranges.stdout).toMatch(new RegExp(`^\\{"id":${given.replaceAll('.', '\\.')},"scan":`));
    const histories = await thpscope(
      words('faults --histories -'),
      `{"id":${id},"vma":"0-512","history":"w0"}`,
    );
    expect(histories.stdout.startsWith(`{"id":${given},`)).toBe(true);
  });
});

test.each([
  [`{"present":"0-15","present":"0-7"}`, 'predict --ranges -'],
  [`{"present":"0-15","folios":[{"offset":0,"offset":4,"order":2}]}`, 'predict --ranges -'],
  [`{"vma":"0-512","vma":"0-16","history":"w0"}`, 'faults --histories -'],
])('a key twice is refused: %s', async (input, line) => {
  const { code, stderr } = await thpscope(words(line), input);
  expect(stderr).toMatch(/line 1: has the key "\w+" twice in an object\n$/);
  expect(code).toBe(5);
});
