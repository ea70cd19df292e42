import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Every page that is read by people: of the root, of docs, and of folders that have a README. */
export function markdownPages(): string[] {
  const folders = ['docs', 'src', 'web', 'examples', 'kernel-lab', 'fuzz', 'c-walk'];
  const below = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  return [...readdirSync('.'), ...below].filter((path) => path.endsWith('.md')).sort();
}
