/** Files below the folder of transparent huge pages, and what is written to them, in this order. */
export type ThpWrites = Readonly<Record<string, string>>;

/** Settings that a program starts under, and those that it is predicted for and khugepaged runs with. */
export interface SharedChange {
  readonly name: string;
  readonly before: ThpWrites;
  readonly after: ThpWrites;
}

/** Of shared memory, as a kernel starts, but for what is given; anonymous memory has 2M always. */
function settings(writes: ThpWrites): ThpWrites {
  return {
    enabled: 'always',
    'hugepages-2048kB/enabled': 'inherit',
    shmem_enabled: 'never',
    'hugepages-2048kB/shmem_enabled': 'inherit',
    'khugepaged/max_ptes_none': '511',
    ...writes,
  };
}

/** From one value of shmem_enabled to another one, at a limit of holes. */
function shmemChange(from: string, to: string, maxPtesNone = 511): SharedChange {
  return {
    name: `${from} -> ${to}, ${maxPtesNone}`,
    before: settings({ shmem_enabled: from }),
    after: { shmem_enabled: to, 'khugepaged/max_ptes_none': String(maxPtesNone) },
  };
}

/**
 * A mapping is aligned for huge pages only if shared memory may have them when it is made, if only with
 * advice. A process whose anonymous memory is huge is on khugepaged's list.
 */
export const SHARED_CHANGES: readonly SharedChange[] = [
  shmemChange('advise', 'always'),
  shmemChange('advise', 'always', 255),
  shmemChange('advise', 'always', 0),
  shmemChange('advise', 'within_size'),
  shmemChange('never', 'always'),
  shmemChange('always', 'always'),
  {
    // The size decides, whatever the top level says.
    name: '2M: advise -> always, 511',
    before: settings({ 'hugepages-2048kB/shmem_enabled': 'advise' }),
    after: { 'hugepages-2048kB/shmem_enabled': 'always' },
  },
  {
    name: 'advise -> always, 511, anonymous never',
    before: settings({ enabled: 'never', shmem_enabled: 'advise' }),
    after: { shmem_enabled: 'always' },
  },
];
