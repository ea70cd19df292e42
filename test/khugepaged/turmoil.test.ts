import { describe, expect, test } from 'vitest';
import { PG_LRU } from '../../src/machine/frames/frame-table.ts';
import { PMD_DETACHED, PMD_TABLE } from '../../src/machine/page-tables/pmd.ts';
import { PTE_KIND, PTE_NONE, PTE_PRESENT, pteValue } from '../../src/machine/page-tables/pte.ts';
import { Turmoil } from './turmoil.ts';

/** The first seed of this run; THPSCOPE_SEED=N repeats it, THPSCOPE_RUNS=N runs so many seeds from there. */
const FIRST = Number(process.env.THPSCOPE_SEED ?? Math.floor(Math.random() * 2 ** 31));
const RUNS = Number(process.env.THPSCOPE_RUNS ?? 40);
console.log(`THPSCOPE_SEED=${FIRST}`);

describe('whatever processes and faults do in whatever phase', () => {
  test('counts add up and contents are preserved after every act and in the middle of every phase', () => {
    for (let seed = FIRST; seed < FIRST + RUNS; seed++) {
      const turmoil = new Turmoil(seed);
      turmoil.run(60);
      expect(turmoil.problems, `THPSCOPE_SEED=${seed}`).toEqual([]);
    }
  }, 1_000_000);

  test('every result of the anonymous path is met, and acts of every kind wait for locks', () => {
    const sightings = { results: new Set<string>(), waited: new Set<string>() };
    for (let seed = 0; seed < 100; seed++) new Turmoil(seed, sightings, false).run(60);
    expect([...sightings.results]).toEqual(
      expect.arrayContaining([
        'SCAN_FAIL',
        'SCAN_SUCCEED',
        'SCAN_NO_PTE_TABLE',
        'SCAN_PMD_MAPPED',
        'SCAN_EXCEED_NONE_PTE',
        'SCAN_EXCEED_SWAP_PTE',
        'SCAN_EXCEED_SHARED_PTE',
        'SCAN_PTE_NON_PRESENT',
        'SCAN_PTE_UFFD',
        'SCAN_PTE_MAPPED_HUGEPAGE',
        'SCAN_LACK_REFERENCED_PAGE',
        'SCAN_PAGE_NULL',
        'SCAN_PAGE_COUNT',
        'SCAN_PAGE_LRU',
        'SCAN_PAGE_LOCK',
        'SCAN_PAGE_LAZYFREE',
        'SCAN_ANY_PROCESS',
        'SCAN_VMA_CHECK',
        'SCAN_ADDRESS_RANGE',
        'SCAN_DEL_PAGE_LRU',
        'SCAN_ALLOC_HUGE_PAGE_FAIL',
        'SCAN_CGROUP_CHARGE_FAIL',
        'SCAN_COPY_MC',
      ]),
    );
    expect([...sightings.waited]).toEqual(
      expect.arrayContaining(['touch', 'munmap', 'exit', 'fork', 'reclaim', 'khugepaged']),
    );
  });

  test('one seed gives one run, down to the last event and counter', () => {
    const digest = (seed: number) => {
      const turmoil = new Turmoil(seed, undefined, false);
      turmoil.run(60);
      return `${turmoil.log.lines} ${turmoil.log.digest}`;
    };
    for (let seed = FIRST; seed < FIRST + 20; seed++) expect(digest(seed)).toBe(digest(seed));
    expect(digest(FIRST)).not.toBe(digest(FIRST + 1));
    // The same on every version of Node: this changes only with the model or with the test.
    expect(digest(1)).toMatchInlineSnapshot(`"121 56720021120ef97b"`);
  });
});

/**
 * Mistakes that a collapse could make: each spoils the machine at the end of the first attempt that succeeds.
 */
const CANARIES: Record<string, (turmoil: Turmoil) => void> = {
  'a page is not copied': ({ machine }) => {
    const frame = anyMapped(machine);
    machine.frames.content[frame] ^= 0xffff;
  },
  'a source folio is not released': ({ machine }) => {
    machine.frames.refcount[machine.frames.headOf(anyMapped(machine))]++;
  },
  'RSS does not grow by the holes': ({ machine }) => {
    [...machine.mms.values()][0].rssPages -= 1;
  },
  'the page table stays detached': ({ machine }) => {
    for (const mm of machine.mms.values()) {
      for (const pmd of mm.pmds.values()) {
        if (pmd.kind === PMD_TABLE) {
          pmd.kind = PMD_DETACHED;
          return;
        }
      }
    }
  },
  'the new folio is not on the LRU': ({ machine }) => {
    machine.frames.clear(machine.frames.headOf(anyMapped(machine)), PG_LRU);
  },
  'a PTE is lost': ({ machine }) => {
    for (const mm of machine.mms.values()) {
      for (const pmd of mm.pmds.values()) {
        const i = pmd.ptes.findIndex((pte) => (pte & PTE_KIND) === PTE_PRESENT);
        if (i < 0) continue;
        pmd.ptes[i] = PTE_NONE;
        return;
      }
    }
  },
  'the charge is not given back': ({ machine }) => {
    machine.rootMemcg.usage++;
  },
};

function anyMapped(machine: Turmoil['machine']): number {
  for (const mm of machine.mms.values()) {
    for (const pmd of mm.pmds.values()) {
      const pte = pmd.ptes.find((entry) => (entry & PTE_KIND) === PTE_PRESENT);
      if (pte !== undefined && machine.frames.has(machine.frames.headOf(pteValue(pte)), PG_LRU)) {
        return pteValue(pte);
      }
    }
  }
  throw new Error('nothing is mapped');
}

describe('the checkers notice when', () => {
  test.each(Object.keys(CANARIES))('%s', (name) => {
    const turmoil = new Turmoil(3);
    let isSpoilt = false;
    turmoil.onEvent = (event) => {
      if (isSpoilt || event !== 'mm_collapse_huge_page') return;
      isSpoilt = true;
      CANARIES[name](turmoil);
    };
    try {
      turmoil.run(60);
    } catch (error) {
      // The machine itself may trip over what was spoilt; the checkers have seen it before.
      expect(error).toBeInstanceOf(Error);
    }
    expect(isSpoilt).toBe(true);
    expect(turmoil.problems).not.toEqual([]);
  });
});
