import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { CollapseAlgorithm } from '../../core/search/algorithm.ts';
import { ALGORITHM_KIT } from '../../verify/algorithm-kit.ts';
import {
  CHECKED_ALGORITHMS,
  type CheckedAlgorithm,
  checkedAlgorithmOf,
} from '../../verify/checked-algorithm.ts';
import { isCFile } from './c-walk/c-file.ts';
import { type CWalkOptions, loadCWalk } from './c-walk/load-c-walk.ts';

/**
 * The algorithm with a built-in name, or the one that a module or a C file holds. Runs the module: not for
 * the main thread. `c` is undefined where no C file is meant.
 */
export async function loadAlgorithm(
  name: string,
  c: CWalkOptions | undefined,
): Promise<Result<CheckedAlgorithm>> {
  const builtIn = CHECKED_ALGORITHMS.get(name);
  if (builtIn) return succeed(builtIn);
  if (!existsSync(name)) {
    return fail('usage', `${name}: neither a file nor one of ${[...CHECKED_ALGORITHMS.keys()].join(', ')}`);
  }
  if (c && isCFile(name)) return loadCWalk(name, c);
  if (/^\.[cm]?ts$/.test(extname(name)) && !readsTypeScript()) {
    return fail(
      'unsupported',
      `${name}: Node ${process.versions.node} cannot run TypeScript; use Node 22.18 or later, or compile it to .js`,
    );
  }
  const url = pathToFileURL(resolve(name)).href;
  let exported: Record<string, unknown>;
  try {
    exported = await import(url);
  } catch (error) {
    return fail('unreadable', `${name}: cannot be loaded: ${messageOf(error)}${placeOf(error, url)}`);
  }
  return fromExports(name, exported);
}

function fromExports(name: string, exported: Record<string, unknown>): Result<CheckedAlgorithm> {
  let algorithm = exported.default ?? exported.algorithm;
  if (typeof algorithm === 'function') {
    try {
      algorithm = algorithm(ALGORITHM_KIT);
    } catch (error) {
      return fail('unreadable', `${name}: its exported function throws ${messageOf(error)}`);
    }
  }
  if (!isAlgorithm(algorithm)) {
    return fail(
      'unreadable',
      `${name}: exports no algorithm; 'thpscope verify --new FILE' writes a module to start from`,
    );
  }
  const { collapse } = algorithm;
  return succeed(
    checkedAlgorithmOf(
      {
        name: basename(name, extname(name)),
        // On copies, so that a module that writes to what it is given harms nobody but itself.
        collapse: (range, policy, attempt, observe) =>
          collapse.call(
            algorithm,
            { ...range, occupied: range.occupied.slice() },
            { ...policy },
            attempt,
            observe,
          ),
      },
      name,
    ),
  );
}

function isAlgorithm(value: unknown): value is CollapseAlgorithm {
  return (
    typeof value === 'object' && value !== null && 'collapse' in value && typeof value.collapse === 'function'
  );
}

function readsTypeScript(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript);
}

/**
 * Where a syntax error is. Node tells only whoever lets it end a process, so one is started; nothing of the
 * module runs there, for it cannot be parsed.
 */
function placeOf(error: unknown, url: string): string {
  if (!(error instanceof SyntaxError)) return '';
  const { stderr } = spawnSync(process.execPath, ['-e', `import(${JSON.stringify(url)})`], {
    encoding: 'utf8',
    timeout: 5_000,
  });
  const [, file, line, code] = /^file:.*\/(.+):(\d+)\n(.*)\n/.exec(stderr) ?? [];
  return file === undefined ? '' : ` in ${file}:${line}: ${code.trim().slice(0, 80)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.split('\n')[0]}` : String(error);
}
