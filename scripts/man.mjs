// Writes man/thpscope.1 from the help texts of the built command line.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { generateHelpTextForAllCommands } from '@stricli/core';
import { thpscope } from '../build/cli/app.js';
import { EXIT_MEANINGS } from '../build/cli/shared/exit-code.js';

const { version, description } = JSON.parse(readFileSync('package.json', 'utf8'));
const commands = generateHelpTextForAllCommands(thpscope);
const escape = (text) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');

const page = [
  `.TH THPSCOPE 1 "" "thpscope ${version}" "User Commands"`,
  '.SH NAME',
  `thpscope \\- ${escape(description)}`,
  '.SH COMMANDS',
  ...commands.flatMap(([name, help]) => [`.SS ${escape(name)}`, '.nf', escape(help.trimEnd()), '.fi']),
  '.SH EXIT STATUS',
  ...EXIT_MEANINGS.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, meaning]),
  '.SH ENVIRONMENT',
  '.TP',
  '.B NO_COLOR',
  'Turns colour off when set to anything.',
  '',
].join('\n');
mkdirSync('man', { recursive: true });
writeFileSync('man/thpscope.1', page);
