import { mkdtempSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Result, succeed } from '../../../core/base/failure.ts';
import type { Geometry } from '../../../core/memory/geometry.ts';
import { FaultError } from '../../../verify/algorithm-fault.ts';
import { cAlgorithm } from '../../../verify/c/c-algorithm.ts';
import { checkedAlgorithmOf } from '../../../verify/checked-algorithm.ts';
import type { LoadedAlgorithm } from '../search/loaded-algorithm.ts';
import { CBuild, type CBuildOptions } from './compiler.ts';
import { startWalkProgram } from './walk-process.ts';

/** What a thread that runs searches in C needs of the one that started it. */
export interface CWalkOptions extends CBuildOptions {
  /** The first geometry that will be asked about: so that what does not compile fails at once. */
  readonly geometry: Geometry;
  /** Told what compilers say, and what searches print. */
  readonly say: (text: string) => void;
  /** Told of each process that is started, which is the first of its group. */
  readonly started: (pid: number) => void;
}

/**
 * The search of a C file, compiled for each geometry that it is asked about; `again` starts its programs
 * anew.
 */
export function loadCWalk(path: string, options: CWalkOptions): Result<LoadedAlgorithm> {
  const { geometry, say, started } = options;
  const folder = mkdtempSync(join(options.folder, 'search-'));
  const build = CBuild.of(path, { ...options, folder }, say);
  if (!build.ok) return build;
  const first = build.value.program(geometry);
  if (!first.ok) return first;
  const keyOf = ({ pmdOrder, pageShift }: Geometry) => `${pmdOrder} ${pageShift}`;
  const programs = new Map<string, Result<string>>([[keyOf(geometry), first]]);
  const programOf = (asked: Geometry) => {
    const program = programs.get(keyOf(asked)) ?? build.value.program(asked);
    programs.set(keyOf(asked), program);
    if (!program.ok) {
      const message = `does not compile at PMD order ${asked.pmdOrder}`;
      throw new FaultError(message, { kind: 'breaks', message });
    }
    const running = startWalkProgram(program.value, folder, say);
    started(running.pid);
    return running;
  };
  const start = () => checkedAlgorithmOf(cAlgorithm(basename(path, '.c'), path, programOf), path);
  return succeed({ ...start(), again: async () => succeed(start()) });
}
