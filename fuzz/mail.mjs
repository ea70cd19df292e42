import { readFileSync } from 'node:fs';
import { messagesOf } from '../build/cli/shared/c-walk/mail-messages.js';
import { definitionsOf } from '../build/verify/c/c-definitions.js';
import { entryOf, searchNames } from '../build/verify/c/c-entry.js';
import { cOf } from '../build/verify/c/c-of-mail.js';
import { mutateText } from './mutate.mjs';

/** C files, patches and mails that hold one, encoded and quoted: their text is changed. */
export const mail = {
  covers: /build\/(cli\/shared\/c-walk\/mail-messages|verify\/c\/(c-|patch|source-line))/,
  async open() {
    const c = readFileSync('examples/algorithms/walk.c', 'utf8');
    return { seeds: seedsOf(c), mutate: mutateText, run };
  },
};

function seedsOf(c) {
  const lines = c.split('\n');
  const patch = [
    '--- a/mm/khugepaged.c',
    '+++ b/mm/khugepaged.c',
    `@@ -1,0 +1,${lines.length} @@`,
    ...lines.map((line) => `+${line}`),
  ].join('\n');
  const head = 'From: A <a@example.org>\nSubject: Re: [PATCH 1/2] mm: walk\n';
  const quoted = patch
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
  const escaped = patch.replaceAll('=', '=3D').replaceAll('\t', '=09');
  const parts = `--b\nContent-Type: text/plain\n\n${patch}\n--b\nContent-Type: text/html\n\n<p>\n--b--\n`;
  return [
    c,
    patch,
    `${head}\n${patch}`,
    `${head}\nOn Monday A wrote:\n${quoted}\nLooks good.\n`,
    `${head}Content-Transfer-Encoding: quoted-printable\n\n${escaped}`,
    `${head}Content-Transfer-Encoding: base64\n\n${Buffer.from(patch).toString('base64')}`,
    `${head}Content-Type: multipart/mixed; boundary=b\n\n${parts}`,
    '>'.repeat(100_000),
    `From a\n${head}\n${patch}\n\nFrom b\n${head}\n@@ -3,2 +3,3 @@\n ${lines[2]}\n+\n ${lines[3]}\n`,
  ];
}

function run(text) {
  const messages = messagesOf(text);
  if (!messages.ok) return;
  const found = cOf(messages.value, new Set(searchNames(undefined)));
  if (found.ok) entryOf('a.eml', definitionsOf(found.value.text));
}
