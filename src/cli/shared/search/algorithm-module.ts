import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import type { CollapseAlgorithm } from '../../../core/search/algorithm.ts';
import {
  CHECKED_ALGORITHMS,
  type CheckedAlgorithm,
  checkedAlgorithmOf,
} from '../../../verify/checked-algorithm.ts';
import { moduleAlgorithm } from '../../../verify/module-algorithm.ts';
import { ownCommand } from '../../own-command.ts';
import { isCFile } from '../c-walk/c-file.ts';
import { type CWalkOptions, loadCWalk } from '../c-walk/load-c-walk.ts';
import type { LoadedAlgorithm } from './loaded-algorithm.ts';
import { readTypeScript } from './type-stripping.ts';

/**
 * The algorithm with a built-in name, or the one that a module or a C file holds. Runs the module: not for
 * the main thread. `c` is undefined where no C file is meant.
 */
export async function loadAlgorithm(
  name: string,
  c: CWalkOptions | undefined,
): Promise<Result<LoadedAlgorithm>> {
  const builtIn = CHECKED_ALGORITHMS.get(name);
  if (builtIn) return succeed(builtIn);
  if (!existsSync(name)) {
    return fail('usage', `${name}: neither a file nor one of ${[...CHECKED_ALGORITHMS.keys()].join(', ')}`);
  }
  if (statSync(name).isDirectory())
    return fail('usage', `${name}: is a directory; name a module or a C file`);
  if (c && isCFile(name)) return loadCWalk(name, c);
  if (/^\.[cm]?ts$/.test(extname(name)) && !readTypeScript()) {
    return fail(
      'unsupported',
      `${name}: Node ${process.versions.node} cannot run TypeScript; use Node 22.18 or later, install @swc/wasm-typescript, or compile it to .js`,
    );
  }
  const url = pathToFileURL(resolve(name)).href;
  const loaded = await loadModule(name, url);
  return loaded.ok ? succeed({ ...loaded.value, again: () => loadModule(name, `${url}?again`) }) : loaded;
}

async function loadModule(name: string, url: string): Promise<Result<CheckedAlgorithm>> {
  let exported: Record<string, unknown>;
  try {
    exported = await import(url);
  } catch (error) {
    return fail('unreadable', `${name}: cannot be loaded: ${messageOf(error)}${placeOf(error, url)}`);
  }
  return fromExports(name, exported);
}

function fromExports(name: string, exported: Record<string, unknown>): Result<CheckedAlgorithm> {
  let algorithm: CollapseAlgorithm | undefined;
  try {
    algorithm = moduleAlgorithm(basename(name, extname(name)), exported.default ?? exported.algorithm);
  } catch (error) {
    return fail('unreadable', `${name}: its exported function throws ${messageOf(error)}`);
  }
  if (!algorithm) {
    return fail(
      'unreadable',
      `${name}: exports no algorithm; 'thpscope verify --new FILE' writes a module to start from`,
    );
  }
  return succeed(checkedAlgorithmOf(algorithm, name));
}

/**
 * Where a syntax error is. Node tells only whoever lets it end a process, so one is started; nothing of the
 * module runs there, for it cannot be parsed.
 */
function placeOf(error: unknown, url: string): string {
  if (!(error instanceof SyntaxError)) return '';
  const [program, ...words] = ownCommand();
  const { stderr } = spawnSync(program, [...words, '__import', url], {
    encoding: 'utf8',
    timeout: 5_000,
  });
  const [, file, line, code] = /^file:.*\/(.+):(\d+)\n(.*)\n/.exec(stderr) ?? [];
  return file === undefined ? '' : ` in ${file}:${line}: ${code.trim().slice(0, 80)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.split('\n')[0]}` : String(error);
}
