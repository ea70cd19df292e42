import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const { formatter } = JSON.parse(readFileSync('biome.json', 'utf8')) as { formatter: { lineWidth: number } };

/** Files under a folder that end so, without what is installed, built or recorded. */
function filesOf(folder: string, ending: RegExp): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((each) => each.isFile() && ending.test(each.name))
    .map((each) => join(each.parentPath, each.name))
    .filter((path) => !/(^|\/)(node_modules|fixtures|golden|history)\//.test(path));
}

/** Lines that are too long and could be broken: of code that biome formats, comments; of documents, prose. */
function tooLong(path: string): string[] {
  let fenced = false;
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, i) => {
      if (/^\s*```/.test(line)) fenced = !fenced;
      const breakable = path.endsWith('.md')
        ? !fenced && !/^(\s*(\||#|<|\[[^\]]+\]:)| {4,})/.test(line)
        : /^\s*(\/\/|\/?\*)/.test(line) && !/biome-ignore|oxlint-|@type|https?:\/\//.test(line);
      return breakable && line.length > formatter.lineWidth && /\S\s+\S/.test(line)
        ? [`${path}:${i + 1}`]
        : [];
    });
}

test('comments and documents keep to the width of the code', () => {
  const code = ['src', 'web', 'test', 'bench', 'scripts'].flatMap((each) => filesOf(each, /\.(tsx?|mjs)$/));
  const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].concat(
    ['docs', 'src', 'web', 'test', 'bench', 'kernel-lab', 'examples'].flatMap((each) =>
      filesOf(each, /\.md$/),
    ),
  );
  expect([...code, ...documents].flatMap(tooLong)).toEqual([]);
});
