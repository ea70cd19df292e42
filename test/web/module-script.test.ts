import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { moduleScript } from '../../web/steps/searches/module-script.ts';

/** What a module leaves for the script after it, and the line that it names in an error. */
function ran(source: string): unknown {
  const room: { thpscopeExported?: unknown; kept?: unknown } = {};
  return runInNewContext(moduleScript(source, 'globalThis.kept = globalThis.thpscopeExported; kept;'), room);
}

describe('a module as the script of a worker', () => {
  test.each([
    ['an expression', 'const a = 5;\nexport default a + 2;', 7],
    ['a function', 'export default function walk() { return 7; }', 'walk'],
    ['an algorithm by name', 'export const algorithm = 7;', 7],
    [
      'what else it exports',
      'export const five = 5;\nexport function two() { return 2; }\nexport default five + two();',
      7,
    ],
    ['words in strings', 'export default "export default " + 7;', 'export default 7'],
  ])('leaves %s', (_, source, value) => {
    const left = ran(source);
    expect(typeof left === 'function' ? left.name : left).toBe(value);
  });

  test('is strict, keeps its names to itself and its lines at their numbers', () => {
    expect(() => ran('x = 1;')).toThrow('x is not defined');
    expect(ran('const kept = 1;\nexport default kept;')).toBe(1);
    const script = moduleScript('\n\nexport default (() => new Error().stack)();', '');
    const room: { thpscopeExported?: string } = {};
    runInNewContext(script, room, { filename: 'mine.js' });
    expect(room.thpscopeExported).toContain('mine.js:3:');
  });
});
