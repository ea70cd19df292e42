import { mkdtempSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Result, succeed } from '../../../core/base/failure.ts';
import type { Geometry } from '../../../core/memory/geometry.ts';
import { FaultError } from '../../../verify/algorithm-fault.ts';
import { cAlgorithm } from '../../../verify/c/c-algorithm.ts';
import { type CheckedAlgorithm, checkedAlgorithmOf } from '../../../verify/checked-algorithm.ts';
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

/** The search of a C file, compiled for each geometry that it is asked about. */
export function loadCWalk(path: string, options: CWalkOptions): Result<CheckedAlgorithm> {
  const { geometry, say, started } = options;
  const folder = mkdtempSync(join(options.folder, 'search-'));
  const build = CBuild.of(path, { ...options, folder }, say);
  if (!build.ok) return build;
  const first = build.value.program(geometry);
  if (!first.ok) return first;
  const programOf = (asked: Geometry) => {
    const isFirst = asked.pmdOrder === geometry.pmdOrder && asked.pageShift === geometry.pageShift;
    const program = isFirst ? first : build.value.program(asked);
    if (!program.ok) {
      const message = `does not compile at PMD order ${asked.pmdOrder}`;
      throw new FaultError(message, { kind: 'breaks', message });
    }
    const running = startWalkProgram(program.value, folder, say);
    started(running.pid);
    return running;
  };
  const name = basename(path, '.c');
  return succeed(checkedAlgorithmOf(cAlgorithm(name, path, programOf), path));
}
