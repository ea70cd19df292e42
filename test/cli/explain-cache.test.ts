import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildOccupant, type Occupant, startOccupant } from '../linux/occupant/occupant.ts';
import { expectSchema } from '../support/schemas.ts';
import { thpscope } from '../support/thpscope.ts';

const RANGE = 2 << 20;
const ALLOWED = ['--set', 'shmem_enabled=always', '--set', 'hugepages-2048kB/shmem_enabled=inherit'];
const possible = buildOccupant() !== undefined && process.geteuid?.() === 0;

describe.runIf(possible)('shared memory of a running process', () => {
  let occupant: Occupant;
  let at: number;
  beforeAll(async () => {
    occupant = await startOccupant();
    at = await occupant.map('map-file memfd 2');
    await occupant.must(`touch ${at} 0-299`);
  });
  afterAll(async () => occupant?.stop());

  const explain = (place: number, ...flags: string[]) =>
    thpscope(['explain', '-p', String(occupant.pid), '--address', `0x${place.toString(16)}`, ...flags]);

  test('explain tells who maps a range, what governs it and what comes of it', async () => {
    const { code, stdout } = await explain(at + 4096, '--json', ...ALLOWED);
    expect(code).toBe(0);
    const answer = JSON.parse(stdout);
    expectSchema('explain', answer);
    expect(answer).toMatchObject({
      result: 'SCAN_SUCCEED',
      collapses: [{ offset: 0, order: 9 }],
      pageCache: {
        file: { name: '/memfd:occupant (deleted)', bytes: 2 * RANGE },
        offset: 0,
        mappings: [{ pid: occupant.pid, aligned: true, whole: true, allowed: true }],
        holds: { present: '0-299', mappedPages: 300 },
        growthPages: 212,
        unmappedPages: 300,
      },
    });
  });

  test('explain says in text which settings would allow it, and draws it', async () => {
    const { stdout } = await explain(at, '--set', 'shmem_enabled=never');
    expect(stdout).toMatch(/shmem_enabled never.*without MADV_HUGEPAGE/);
    expect(stdout).toMatch(/settings that allow it: shmem_enabled advise \+ MADV_HUGEPAGE; or/);
    expect(stdout).toContain('300 of 512 pages in memory, 212 not');
    const picture = await explain(at, '--format', 'svg');
    expect(picture.stdout).toMatch(/^<svg [\s\S]*page cache of \/memfd:occupant/);
    const empty = await explain(at + RANGE, ...ALLOWED);
    expect(empty.stdout).toContain('nothing of it is in memory');
  });

  test('report has a section on it', async () => {
    const file = join(tmpdir(), `thpscope-report-${process.pid}.html`);
    try {
      const { code, stderr } = await thpscope(['report', '-p', String(occupant.pid), '-o', file, ...ALLOWED]);
      expect(stderr).toContain('wrote');
      expect(code).toBe(0);
      expect(await readFile(file, 'utf8')).toMatch(/Shared memory and files[\s\S]*memfd:occupant/);
    } finally {
      await rm(file, { force: true });
    }
  });
});
