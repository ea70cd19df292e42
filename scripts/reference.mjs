// Writes docs/reference from what commands, schemas and kernel models say of themselves, as every build does.
// `node scripts/reference.mjs --check` fails where a page is not what it would write, as a test does.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { thpscopeCommands } from '../build/cli/app.js';
import { EXIT_MEANINGS } from '../build/cli/shared/exit-code.js';
import { commandPages } from '../build/cli/shared/help/command-page.js';
import { commandLines, usageLines } from '../build/cli/shared/help/help-text.js';
import { KERNEL_MODELS } from '../build/core/rules/kernel-model.js';
import { fieldRows } from './schema-fields.mjs';

const FOLDER = 'docs/reference';
/** Folders in which no page is written by hand, but for these. */
const GENERATED = ['commands', 'json'];
const BY_HAND = ['json/README.md'];

const pages = new Map([exitCodes(), kernelModels(), ...jsonReference(), scenarios()]);
for (const [name, text] of commandReference()) pages.set(name, text);

if (process.argv.includes('--check')) check();
else {
  for (const folder of GENERATED)
    for (const name of listed(folder))
      if (!pages.has(name) && !BY_HAND.includes(name)) rmSync(join(FOLDER, name));
  for (const [name, text] of pages) {
    mkdirSync(dirname(join(FOLDER, name)), { recursive: true });
    writeFileSync(join(FOLDER, name), text);
  }
}

function check() {
  const stale = [...pages].filter(([name, text]) => read(join(FOLDER, name)) !== text).map(([name]) => name);
  const orphans = GENERATED.flatMap(listed).filter((name) => !pages.has(name) && !BY_HAND.includes(name));
  if (stale.length + orphans.length === 0) return;
  process.stderr.write(
    `node scripts/reference.mjs would change ${[...stale, ...orphans].join(', ')} of ${FOLDER}\n`,
  );
  process.exitCode = 1;
}

function commandReference() {
  const commands = commandPages('thpscope', thpscopeCommands(undefined));
  const fileOf = (name) => `${name.split(' ').slice(1).join('-')}.md`;
  const index = [
    '# Commands',
    '',
    '`thpscope COMMAND --help` says the same as these pages, and so does `man thpscope-COMMAND`.',
    '',
    ...table(
      ['command', 'answers'],
      commands.map(({ name, brief }) => [`[\`${name}\`](${fileOf(name)})`, cell(brief)]),
    ),
    '',
    'Flags that several commands have mean the same in all of them. How LIST, SIZE, SET and others are written:',
    '[grammars](../grammars.md). [Exit codes](../exit-codes.md). `source <(thpscope completion bash)` completes.',
    '',
  ];
  return [
    ['commands/README.md', index.join('\n')],
    ...commands.map((page) => [`commands/${fileOf(page.name)}`, commandText(page)]),
  ];
}

function commandText({ name, brief, usage, about, examples, flags, args, files = [], pages: more = [] }) {
  return [
    `# ${name}`,
    '',
    `${brief}.`,
    '',
    '```text',
    ...usage.flatMap((line) => usageLines(`${name} ${line}`, 80)).map((line) => line.slice(2)),
    '```',
    '',
    paragraph(about.join(' ')),
    '',
    '```sh',
    ...examples.flatMap((line) => commandLines(line, 80)).map((line) => line.slice(2)),
    '```',
    '',
    ...table(
      ['flag', ''],
      flags.map(({ words, brief: does }) => [code(words), cell(does)]),
    ),
    ...(args.length === 0
      ? []
      : [
          '',
          ...table(
            ['word', ''],
            args.map(({ words, brief: is }) => [code(words), cell(is)]),
          ),
        ]),
    ...(files.length === 0
      ? []
      : [
          '',
          ...table(
            ['file', ''],
            files.map(([path, what]) => [code(path), cell(what)]),
          ),
        ]),
    '',
    `[How words are written](../grammars.md), [exit codes](../exit-codes.md)${more.length === 0 ? '.' : '. More:'}`,
    ...(more.length === 0 ? [] : ['']),
    ...more.map((path) => `- [${titleOf(path)}](../../${path})`),
    '',
  ].join('\n');
}

function exitCodes() {
  const rows = EXIT_MEANINGS.map(([number, meaning]) => [String(number), cell(meaning)]);
  return [
    'exit-codes.md',
    [
      '# Exit codes',
      '',
      ...table(['code', 'means'], rows),
      '',
      'A message on stderr that begins with `thpscope:` says what is wrong and what to do. A signal ends with 128',
      'and its number, as shells have it: 130 after Ctrl-C, 141 where the reader of `-o -` went away.',
      '',
    ].join('\n'),
  ];
}

function kernelModels() {
  const rows = Object.values(KERNEL_MODELS).map((model) => [
    `\`${model.name}\``,
    model.pmdOrderOnly ? '2M' : '16K to 2M',
    model.faultOrders === 'pmd' ? '2M' : '16K to 2M',
    model.pmdOrderOnly
      ? 'is not asked for'
      : {
          ends: '0 and 511; others count as 0',
          scaled: 'scaled to the size',
          capped: 'scaled, after a cap at 255',
        }[model.noneRule],
    model.algorithm,
    model.refusesLazyfree ? 'no' : 'yes',
    model.refusesReadOnly ? 'no' : 'yes',
  ]);
  return [
    'kernel-models.md',
    [
      '# Kernel models',
      '',
      '`--kernel NAME` says whose khugepaged is asked. By default it is that of the kernel that the memory was read',
      'on; for made-up ranges and scenarios the newest. Sizes are those with pages of 4K.',
      '',
      ...table(
        [
          'model',
          'khugepaged makes',
          'page faults make',
          '`max_ptes_none` below 2M',
          'search',
          'takes clean MADV_FREE pages',
          'takes ranges without a writable PTE',
        ],
        rows,
      ),
      '',
      '- `linux-6.18` stands for 6.8 to 7.1, `linux-6.6` for all before 6.8.',
      '- Before 6.18 a range without a writable PTE, as after a fork or without PROT_WRITE, ended in SCAN_PAGE_RO.',
      '  `linux-6.6` does so in `simulate`, which knows what PTEs may write. pagemap does not tell, so that',
      '  predictions of processes and recordings take a PTE of each range for writable. 6.8 to 6.17 refused',
      '  such ranges as well: what `linux-6.18` collapses of them they leave alone.',
      '- `linux-7.3` and `linux-7.2` decide alike; they differ in names of results and in what a trace event shows.',
      '- `v18` is a posting of the patches before they were merged. Swapped pages do not count towards 2M there,',
      '  and a range in which nothing collapses returns no reason.',
      '- `scaled` and `capped` are 7.2 with the rules for holes of earlier postings: [creep](../creep.md) shows why',
      '  they were given up.',
      '',
      'What was compared with real kernels: [fidelity](../fidelity.md). Every rule: [khugepaged](../khugepaged.md).',
      '',
    ].join('\n'),
  ];
}

function jsonReference() {
  return readdirSync('schemas')
    .sort()
    .filter((file) => file !== 'scenario.schema.json')
    .map((file) => {
      const schema = JSON.parse(readFileSync(join('schemas', file), 'utf8'));
      const name = file.replace('.schema.json', '');
      return [`json/${name}.md`, `${schemaText(`\`${schema.title}\``, file, schema, '../../../')}`];
    });
}

function scenarios() {
  const schema = JSON.parse(readFileSync('schemas/scenario.schema.json', 'utf8'));
  return ['scenarios.md', schemaText('Scenario files', 'scenario.schema.json', schema, '../../')];
}

function schemaText(title, file, schema, root) {
  return [
    `# ${title}`,
    '',
    paragraph(schema.description),
    '',
    `Made from [\`schemas/${file}\`](${root}schemas/${file}).`,
    '*?* marks fields that may be left out, `[]` what each item of a list has, `.*` what each value of a map has.',
    '',
    ...table(
      ['field', 'type', 'unit', 'what'],
      fieldRows(schema).map(({ path, type, unit, what }) => [code(path), cell(type), unit, cell(what)]),
    ),
    '',
  ].join('\n');
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

/** Text in a cell of a table. */
function cell(text) {
  // What is between backquotes is shown as it is, but for bars.
  return text
    .split('`')
    .map((part, i) => (i % 2 === 1 ? part : part.replaceAll('<', '&lt;').replace(/[*_]/g, '\\$&')))
    .join('`')
    .replaceAll('|', '\\|');
}

function code(text) {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

/** Text in lines of at most 110 characters. */
function paragraph(text) {
  return text.replaceAll('<', '&lt;').replace(/(?![^\n]{1,110}$)([^\n]{1,110})\s/g, '$1\n');
}

function titleOf(path) {
  const [file] = path.split('#');
  const text = pages.get(file.replace('reference/', '')) ?? readFileSync(join('docs', file), 'utf8');
  return text.split('\n', 1)[0].replace('# ', '');
}

function listed(folder) {
  return readdirSync(join(FOLDER, folder)).map((name) => join(folder, name));
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
