import { expect, test } from 'vitest';
import { definitionsOf, namesIn } from '../../../src/verify/c/c-definitions.ts';

test('functions with their parameters, tags and macros; not what only looks like them', () => {
  const { functions, tags, macros } = definitionsOf(`
#define SIZE 3
#define LONG(x) \\
	do { struct inner { int a; } b; } while (0)
// static int commented(void) { }
struct own { u16 offset; };
enum mine { A, B };
static int declared(struct mm_struct *mm, int order);
static enum scan_result
mthp_collapse(struct mm_struct *mm, unsigned long address,
	      bool (*check)(int), unsigned long enabled_orders)
{
	if (address) { return f("}{", '{'); }
}
int last(void) { return 0; }
`);
  expect(functions).toEqual([
    {
      name: 'mthp_collapse',
      returns: 'static enum scan_result',
      parameters: [
        'struct mm_struct *mm',
        'unsigned long address',
        'bool (*check)(int)',
        'unsigned long enabled_orders',
      ],
    },
    { name: 'last', returns: 'int', parameters: [] },
  ]);
  expect(tags).toEqual(['own', 'mine']);
  expect(macros).toEqual(['SIZE', 'LONG']);
});

test('names are those of the code', () => {
  expect([...namesIn('int a = b_1; /* c */ // d\n char *s = "e";')]).toEqual([
    'int',
    'a',
    'b_1',
    'char',
    's',
  ]);
});

test.each(['', '}}}', '{{{', 'int f(', '/* open', '"open', '\0\x01'])(
  '%j is read without an error',
  (text) => {
    expect(definitionsOf(text).functions).toEqual([]);
  },
);
