import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  PROGRAM_SWITCHES,
  RUNTIME_SWITCHES,
  switchesOf,
} from '../../src/render/words/advise/program-switches.ts';

test('every switch has a source, and stands in the table of the document word by word', () => {
  const document = readFileSync('docs/services.md', 'utf8');
  for (const { program, says, source } of [...PROGRAM_SWITCHES, ...RUNTIME_SWITCHES]) {
    expect(source).toMatch(/^https?:\/\//);
    expect(document).toContain(`| ${program} | ${says} | [`);
    expect(document).toContain(`](${source}) |`);
  }
});

test('programs are known by the names of their processes', () => {
  expect(switchesOf('redis-server').map(({ program }) => program)).toEqual(['Redis, Valkey']);
  expect(switchesOf('java')).toHaveLength(2);
  expect(switchesOf('bash')).toEqual([]);
  // The kernel keeps 15 characters of a command.
  for (const { commands } of PROGRAM_SWITCHES)
    for (const command of commands) expect(command.length).toBeLessThanOrEqual(15);
});
