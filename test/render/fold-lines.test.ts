import { expect, test } from 'vitest';
import { foldLines } from '../../src/render/text/layout/fold-lines.ts';

test('a line is broken between words, and goes on below the value that it belongs to', () => {
  expect(foldLines('  RSS       grows by 220M, as empty pages are filled\nshort', 30)).toBe(
    ['  RSS       grows by 220M, as', '            empty pages are', '            filled', 'short'].join(
      '\n',
    ),
  );
});

test('what follows a line without columns is indented by two more', () => {
  expect(foldLines('  one two three four', 12)).toBe('  one two\n    three\n    four');
});

test('a word that is longer than the line stays whole', () => {
  expect(foldLines('a /sys/kernel/mm/transparent_hugepage/enabled b', 20)).toBe(
    'a\n  /sys/kernel/mm/transparent_hugepage/enabled\n  b',
  );
});

test('a command is broken as a shell takes it', () => {
  expect(foldLines('  echo always > /sys/kernel/mm/enabled', 24)).toBe(
    '  echo always > \\\n      /sys/kernel/mm/enabled',
  );
});

test('colours take no room', () => {
  const bold = (text: string) => `\u001b[1m${text}\u001b[22m`;
  expect(foldLines(`${bold('redis-server')} (pid 1)`, 20)).toBe(`${bold('redis-server')} (pid 1)`);
  expect(foldLines(`${bold('redis server')} x`, 9)).toBe('\u001b[1mredis\n  server\u001b[22m\n  x');
});
