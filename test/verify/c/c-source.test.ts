import { expect, test } from 'vitest';
import { definitionsOf, namesIn, withoutMailMarks } from '../../../src/verify/c/c-source.ts';

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

test('what a mail puts in front of lines is taken off, line by line', () => {
  const c = 'int f(void)\n{\n\n\treturn 1;\n}\n';
  const added = c.replaceAll(/^(?=.)/gm, '+');
  expect(withoutMailMarks(c)).toBe(c);
  expect(withoutMailMarks(added)).toBe(c);
  expect(withoutMailMarks(added.replaceAll(/^(?=.)/gm, '> '))).toBe(c);
  expect(withoutMailMarks(c.replaceAll(/^(?=.)/gm, '> '))).toBe(c);
  expect(withoutMailMarks('@@ -1,3 +1,3 @@\n int f(void)\n {\n-\treturn 0;\n+\treturn 1;\n }\n')).toBe(
    '\nint f(void)\n{\n\n\treturn 1;\n}\n',
  );
  const indented = ' int a;\n- b;\n';
  expect(withoutMailMarks(indented)).toBe(indented);
});

const PATCH = `From: Somebody <somebody@example.org>
Subject: [PATCH] mm: walk; and more

It walks;
---
 mm/khugepaged.c | 9 +++++++++
diff --git a/mm/khugepaged.c b/mm/khugepaged.c
--- a/mm/khugepaged.c
+++ b/mm/khugepaged.c
@@ -10,6 +10,20 @@ static void before(void)
 	if (a) {
 		b();
 	}
+	c();
+out:
 }
 
 static int as_it_was(int a)
 {
 	return a;
 }
 
+#define TWICE(x) \
+	(2 * (x))
+/* { it is; commented } */
+static int declared(int a,
+		    int b);
+struct own { int a; };
 static int mthp_collapse(int a)
 {
-	return 1;
+	if (a)
+		return 2;

+again:
+	return TWICE(a);
 }
 
+static int cut_off(int a)
+{
+	return a;
@@ -90,1 +110,2 @@ static int other(void)
+static int one_line(void) { return 1; }
 static int next(void)
-- 
2.43.0
`;

test('of a whole mail with a patch, the definitions that it adds stay, at their lines', () => {
  for (const text of [PATCH, PATCH.replaceAll('\n', '\r\n'), PATCH.replaceAll(/^/gm, '> ')]) {
    const c = withoutMailMarks(text);
    const { functions, tags, macros } = definitionsOf(c);
    expect(functions.map(({ name }) => name)).toEqual(['mthp_collapse', 'one_line']);
    expect([tags, macros]).toEqual([['own'], ['TWICE']]);
    expect(c).toContain('static int declared(int a,\n\t\t    int b);');
    expect(c).not.toMatch(/as_it_was|cut_off|return 1;\n|PATCH|before|next/);
    const lines = PATCH.split('\n');
    expect(c.split('\n').findIndex((line) => line.includes('return 2'))).toBe(
      lines.findIndex((line) => line.includes('return 2')),
    );
  }
});
