import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { THP_FOLDER } from '../../src/core/base/sysfs.ts';

/** THP settings of this machine while a test changes them. */
export interface SettingsGuard {
  /** Sets a file below the THP directory, such as khugepaged/max_ptes_none. */
  set(file: string, value: string | number): void;
  /** Puts the saved values back. */
  restore(): Promise<void>;
}

/**
 * Saves the files named. A process of its own puts the values back as soon as its input closes: that is on
 * `restore`, and also when this process dies in whatever way.
 */
export function guardSettings(files: readonly string[]): SettingsGuard {
  const saved = files.map((file) => {
    const text = readFileSync(`${THP_FOLDER}/${file}`, 'utf8').trim();
    return { file, value: /\[(\w+)\]/.exec(text)?.[1] ?? text };
  });
  const writes = saved.map(({ file, value }) => `echo ${value} > ${THP_FOLDER}/${file}`);
  const keeper = spawn('sh', ['-c', `trap '' INT TERM HUP; cat > /dev/null; ${writes.join('; ')}`], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  return {
    set: (file, value) => {
      if (!files.includes(file)) throw new Error(`${file} was not saved`);
      writeFileSync(`${THP_FOLDER}/${file}`, String(value));
    },
    restore: async () => {
      const exited = once(keeper, 'exit');
      keeper.stdin?.end();
      await exited;
    },
  };
}
