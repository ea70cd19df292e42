import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modelOfRelease } from '../../src/core/rules/kernel-release.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { knownRanges, processItem, vmaItem } from '../analysis/streams.ts';
import { hostOf, sourceOf } from '../snapshot/sources.ts';
import { valueOf } from '../support/ranges.ts';
import { thpscope, words } from '../support/thpscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-kernels-'));
const file = (name: string) => join(folder, name);
const RELEASES = { old: '5.15.0-91-generic', lts: '6.18.44-cloud', lts12: '6.12.48+deb13', new: '7.3.0-rc2' };

beforeAll(async () => {
  for (const [name, kernelRelease] of Object.entries(RELEASES)) {
    const items = [
      processItem(1),
      vmaItem({ end: 2 ** 24, flags: ['hg'] }),
      knownRanges([{ present: '0-400' }]),
    ];
    const host = { ...hostOf(), bootId: randomUUID(), kernelRelease };
    valueOf(await writeSnapshot(file(`${name}.parquet`), sourceOf(items, host)));
    await thpscope(['digest', file(`${name}.parquet`), '-o', file(`${name}.digest.json`)]);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command line in which NAME.parquet is a file of this test; hands out what it prints. */
async function ask(line: string): Promise<string> {
  const args = words(line).map((word) => (/\.(parquet|json|html)$/.test(word) ? file(word) : word));
  const { stdout, stderr, code } = await thpscope(args);
  expect(stderr.replace(/^thpscope: wrote .*\n/gm, '')).toBe('');
  expect(code).toBe(0);
  return stdout;
}

test('sizes that are enabled and that its khugepaged does not make are the reason, in totals and tables', async () => {
  const text = await ask('predict lts.parquet -v --orders 64K');
  expect(text.match(/no enabled size that this khugepaged makes/g)).toHaveLength(2);
  expect(text).not.toContain('no size is enabled');
  const json = JSON.parse(await ask('predict lts.parquet --orders 64K --json'));
  expect(Object.keys(json.processes[0].refused)).toEqual(['kernel-sizes']);
  expect(await ask('predict new.parquet --orders 64K')).not.toContain('no enabled size');
});

const modelIn = (json: string) => {
  const { model, kernel, space, policies } = JSON.parse(json);
  return model ?? kernel ?? space?.kernels[0] ?? policies;
};

describe('memory is asked about as the kernel decides that it was read on', () => {
  for (const command of ['predict', 'advise', 'sweep', 'simulate'])
    test.each([
      ['old.parquet', 'linux-6.6'],
      ['lts.parquet', 'linux-6.18'],
      ['lts12.parquet', 'linux-6.18'],
      ['new.parquet', 'linux-7.3'],
      ...(command === 'simulate'
        ? []
        : [
            ['lts.digest.json', 'linux-6.18'],
            ['new.digest.json', 'linux-7.3'],
          ]),
    ])(`${command} %s: %s`, async (name, model) => {
      expect(modelIn(await ask(`${command} ${name} --json`))).toBe(model);
    });

  test('explain', async () => {
    const range = '--address 0x0 --json';
    expect(modelIn(await ask(`explain lts.parquet ${range}`))).toBe('linux-6.18');
    expect(modelIn(await ask(`explain new.parquet ${range}`))).toBe('linux-7.3');
  });

  test('live memory, as the kernel of this machine', async () => {
    const here = modelOfRelease(release());
    if (!here) throw new Error(`no release: ${release()}`);
    expect(modelIn(await ask(`predict -p ${process.pid} --json`))).toBe(here.name);
    const [series] = /^\d+\.\d+/.exec(release()) ?? [];
    expect(await ask(`predict -p ${process.pid}`)).toContain(`as Linux ${series}, which runs here`);
  });

  test('snapshots and digests of several releases of one model, and of machines with others', async () => {
    expect(await ask('predict lts.parquet lts12.parquet')).toContain(
      'as Linux 6.18 and Linux 6.12, on which it was read (rules of linux-6.18), decides',
    );
    for (const each of ['predict', 'advise', 'sweep', 'simulate'])
      for (const [a, b] of [
        ['lts.parquet', 'new.parquet'],
        ['lts.digest.json', 'new.digest.json'],
      ]) {
        if (each === 'simulate' && b.endsWith('json')) continue;
        const { code, stderr } = await thpscope([each, file(a), file(b)]);
        const flag = each === 'sweep' ? '-L kernel' : '--kernel';
        expect([code, stderr]).toEqual([
          2,
          expect.stringContaining(`say which to ask, ${flag} linux-6.18 or ${flag} linux-7.3`),
        ]);
      }
    expect(await ask('predict lts.parquet new.parquet --kernel linux-7.2')).toContain(
      'as Linux 7.2 (--kernel) decides',
    );
  });

  test('a digest of several machines keeps all of their releases', async () => {
    await ask('digest lts.parquet lts12.parquet -o both.digest.json');
    expect(await ask('predict both.digest.json')).toContain('Linux 6.18 and Linux 6.12, on which');
    await ask('digest lts.digest.json new.digest.json -o mixed.digest.json');
    const { stderr } = await thpscope(['predict', file('mixed.digest.json')]);
    expect(stderr).toContain('read on Linux 6.18.44-cloud and 7.3.0-rc2, whose khugepaged differ');
  });
});

test('made-up memory is asked about as the newest kernel decides', async () => {
  for (const line of ['predict --pattern 0-15 --json', 'explain --pattern 0-15 --json'])
    expect(modelIn(await ask(line))).toBe('linux-7.3');
  expect(await ask('explain --pattern 0-15')).toContain('; linux-7.3, walk');
  expect(await ask('simulate mthp-only')).toContain('as Linux 7.3 decides');
  expect(await ask('simulate scaled-creep --until 10s')).toContain('as scaled decides');
});

test.each([
  'predict lts.parquet',
  'predict lts.digest.json',
  'advise lts.parquet',
  'sweep lts.parquet',
  'simulate lts.parquet',
])('%s says who decides, and how to ask another kernel', async (line) => {
  const flag = line.startsWith('sweep') ? '-L kernel' : '--kernel';
  const own = await ask(line);
  expect(own).toMatch(/^as Linux 6\.18, on which it was read, decides/m);
  expect(own).toContain(`collapses to 2M only; ${flag} linux-7.3 asks the newest`);
  const other = await ask(`${line} ${flag} linux-7.3`);
  expect(other).toContain(`as Linux 7.3 (${flag}) decides`);
  expect(other).toContain(`was read on Linux 6.18, whose khugepaged collapses to 2M only: without ${flag}`);
});

test('advice for a khugepaged with one size judges the others by page faults', async () => {
  const asked = words('advise examples/programs/java.parquet --max-growth 1% --tlb 16K');
  const { advised, memory } = JSON.parse((await thpscope([...asked, '--json'])).stdout);
  expect(advised.settings.orders.always).toEqual([2]);
  expect(advised.outcome.now.tlbEntries).toBe(memory.tlbEntries);
  expect(advised.outcome.restart.tlbEntries).toBeLessThan(memory.tlbEntries / 3);
  expect((await thpscope(asked)).stdout).toContain('16K serve page faults alone there');
  expect(await ask('sweep lts.parquet')).toContain('131,072 policies');
});
