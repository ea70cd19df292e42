// Writes man/thpscope.1 and a page for each command, from what the commands say of themselves.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { thpscopeCommands } from '../build/cli/app.js';
import { EXIT_MEANINGS } from '../build/cli/shared/exit-code.js';
import { commandPages } from '../build/cli/shared/help/command-page.js';
import { commandLines } from '../build/cli/shared/help/help-text.js';

const { version, description, homepage } = JSON.parse(readFileSync('package.json', 'utf8'));
const commands = commandPages('thpscope', thpscopeCommands(undefined));

const ENVIRONMENT = [
  ['CC', 'The C compiler of searches in C; cc where it is not set.'],
  ['COLUMNS', 'How wide what is printed for people may be. By default as wide as the terminal.'],
  ['NO_COLOR', 'Turns colour off when set to anything.'],
  ['THPSCOPE_CACHE', 'Where the single executable unpacks itself.'],
  ['TMPDIR', 'Where standard input is kept while it is read, and readings of serve while a page shows them.'],
];
/** What is read of the kernel, by every command that takes processes. */
const KERNEL_FILES = [
  ['/proc/PID/smaps, /proc/PID/pagemap', 'mappings and pages of a process'],
  ['/proc/kpageflags, /proc/kpagecount', 'folios and sharing, for root'],
  ['/sys/kernel/mm/transparent_hugepage', 'the settings in force'],
];

rmSync('man', { recursive: true, force: true });
mkdirSync('man');
write('thpscope', description, [
  ...section('SYNOPSIS', [
    '.B thpscope',
    '.I COMMAND',
    '[FLAGS] ...',
    '.br',
    '.B thpscope',
    '.I COMMAND',
    escape('--help'),
  ]),
  ...section('DESCRIPTION', [
    escape('khugepaged is the kernel thread that makes huge pages of small ones.'),
    escape(
      'thpscope reads processes, or recordings of them, and says what it would do to them under which settings:',
    ),
    escape(
      'which memory becomes huge, by how much it grows, what the work costs, and why the rest stays small.',
    ),
    escape('Only apply writes settings, and only with --yes.'),
  ]),
  ...section(
    'COMMANDS',
    commands.flatMap(({ name, brief }) => ['.TP', `.BR ${escape(pageName(name))} (1)`, escape(brief)]),
  ),
  ...section(
    'EXAMPLES',
    example('thpscope predict -p $(pidof -s redis-server)', 'thpscope advise --all --max-growth 2%'),
  ),
  ...section('FILES', tagged(KERNEL_FILES)),
  ...common(),
  ...section('SEE ALSO', [escape(homepage)]),
]);
for (const page of commands) writeCommand(page);

function writeCommand({ name, brief, usage, about, examples, flags, args, files = [], pages = [] }) {
  const readsProcesses = flags.some(({ words }) => words.includes('--pid'));
  const used = [...(readsProcesses ? KERNEL_FILES : []), ...files];
  write(pageName(name), brief, [
    ...section(
      'SYNOPSIS',
      usage.flatMap((line, i) => [...(i === 0 ? [] : ['.br']), `.B ${escape(name)}`, escape(line)]),
    ),
    ...section('DESCRIPTION', about.map(escape)),
    ...section('OPTIONS', tagged([...flags.map(pair), ['-h, --help', 'Print help and exit']])),
    ...(args.length === 0 ? [] : section('ARGUMENTS', tagged(args.map(pair)))),
    ...section('EXAMPLES', example(...examples)),
    ...(used.length === 0 ? [] : section('FILES', tagged(used))),
    ...common(),
    ...section('SEE ALSO', [
      '.BR thpscope (1)',
      ...pages.flatMap((each) => ['.br', escape(`docs/${each} of the package`)]),
    ]),
  ]);
}

function write(name, brief, sections) {
  const lines = [
    `.TH ${name.toUpperCase()} 1 "" "thpscope ${version}" "User Commands"`,
    // Words such as paths and flags are not divided at the end of a line, nor lines stretched.
    '.nh',
    '.ad l',
    ...section('NAME', [`${escape(name)} \\- ${escape(brief)}`]),
    ...sections,
    '',
  ];
  writeFileSync(`man/${name}.1`, lines.join('\n'));
}

function common() {
  return [
    ...section('EXIT STATUS', tagged(EXIT_MEANINGS.map(([code, meaning]) => [String(code), meaning]))),
    ...section('ENVIRONMENT', tagged(ENVIRONMENT)),
  ];
}

function section(title, lines) {
  return [`.SH ${title}`, ...lines];
}

function tagged(pairs) {
  return pairs.flatMap(([words, meaning]) => ['.TP', `.B ${escape(words)}`, escape(meaning)]);
}

/** Command lines as they are, broken where a terminal of 80 columns ends. */
function example(...lines) {
  return [
    '.nf',
    ...lines.flatMap((line) => commandLines(line, 72)).map((line) => escape(line.slice(2))),
    '.fi',
  ];
}

function pair({ words, brief }) {
  return [words, brief];
}

function pageName(name) {
  return name.replaceAll(' ', '-');
}

function escape(text) {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}
