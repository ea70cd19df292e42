import { expect, test } from 'vitest';
import { definitionsOf } from '../../../src/verify/c/c-definitions.ts';
import { cOf } from '../../../src/verify/c/c-of-mail.ts';
import type { SourceLine } from '../../../src/verify/c/source-line.ts';

const lines = (text: string): SourceLine[] =>
  text.split('\n').map((each, i) => ({ text: each, number: i + 1 }));

const found = (...texts: string[]) =>
  cOf(
    texts.map((text) => ({ isMail: true, body: lines(text) })),
    new Set(['mthp_collapse']),
  );

/** The C of texts that are no mails. */
function cOfFile(text: string): string {
  const answer = cOf([{ isMail: false, body: lines(text) }], new Set(['mthp_collapse']));
  if (!answer.ok) throw new Error(answer.failure.message);
  return answer.value.text;
}

/** The C of mails. */
function cOfMails(...texts: string[]): string {
  const answer = found(...texts);
  if (!answer.ok) throw new Error(answer.failure.message);
  return answer.value.text;
}

test('what a mail puts in front of lines is taken off, line by line', () => {
  const c = 'int f(void)\n{\n\n\treturn 1;\n}\n';
  const added = c.replaceAll(/^(?=.)/gm, '+');
  expect(cOfFile(c)).toBe(c);
  expect(cOfFile(added)).toBe(c);
  expect(cOfFile(added.replaceAll(/^(?=.)/gm, '> '))).toBe(c.trimEnd());
  expect(cOfFile(c.replaceAll(/^(?=.)/gm, '> '))).toBe(c.trimEnd());
  expect(cOfFile('@@ -1,3 +1,3 @@\n int f(void)\n {\n-\treturn 0;\n+\treturn 1;\n }\n')).toBe(
    '\nint f(void)\n{\n\n\treturn 1;\n}',
  );
  const indented = ' int a;\n- b;\n';
  expect(cOfFile(indented)).toBe(indented);
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
  for (const text of [PATCH, PATCH.replaceAll(/^/gm, '> ')]) {
    const c = cOfFile(text);
    const { functions, tags, macros } = definitionsOf(c);
    expect(functions.map(({ name }) => name)).toEqual(['mthp_collapse', 'one_line']);
    expect([tags, macros]).toEqual([['own'], ['TWICE']]);
    expect(c).toContain('static int declared(int a,\n\t\t    int b);');
    expect(c).not.toMatch(/as_it_was|cut_off|return 1;\n|PATCH|before|next/);
    expect(c.split('\n').findIndex((line) => line.includes('return 2'))).toBe(
      PATCH.split('\n').findIndex((line) => line.includes('return 2')),
    );
  }
});

const ADDS = `@@ -10,2 +10,9 @@ static void before(void)
 }
 
+static int mthp_collapse(int a)
+{
+	if (a)
+		return 1;
+	return 2;
+}
+
`;
const quoted = (text: string) => text.replaceAll(/^/gm, '> ');

test('of a reply the quotes count, and not what is written between them', () => {
  const between = quoted(ADDS).replace('> +	return 2', '\nIs this { right;\n\n> +	return 2');
  for (const text of [
    `On Monday, S wrote:\n${quoted(ADDS)}\nLooks good.`,
    `On Monday, S wrote:\n${between}\nThanks`,
    `S:\n> [...]\n${quoted(ADDS.split('\n').slice(3).join('\n'))}\n> -- \n> 2.51.0\nThanks`,
    `S:\n> --- a/mm/k.c\n> +++ b/mm/k.c\n${quoted(ADDS.split('\n').slice(3).join('\n'))}`,
    quoted(`S wrote:\n${quoted(ADDS)}\n+ no C`),
  ]) {
    const c = cOfMails(text);
    expect(definitionsOf(c).functions.map(({ name }) => name)).toEqual(['mthp_collapse']);
    const at = (each: string) => each.split('\n').findIndex((line) => line.includes('return 2'));
    expect(at(c)).toBe(at(text));
    expect(c).not.toMatch(/right|wrote|Thanks|no C/);
  }
});

test.each(['> [...]', '[ snip ]', '...', '<snip>'])('a function that is cut by %s is none', (cut) => {
  expect(
    definitionsOf(cOfMails(quoted(ADDS).replace('> +	return 2', `${cut}\n> +	return 2`))).functions,
  ).toEqual([]);
});

test('a quoted hunk with fewer lines than it says is named', () => {
  const answer = found(quoted(ADDS.replace('+		return 1;\n', '')));
  expect(answer.ok && answer.value.notes).toEqual([
    'line 1: this hunk says that it has 9 lines, and shows 8: what was cut out may be missing',
  ]);
  const whole = found(quoted(ADDS));
  expect(whole.ok && whole.value.notes).toEqual([]);
});

test('later patches of a series are applied, and what they call comes first', () => {
  const part = `@@ -12,5 +12,9 @@ static int after(void)
 
+static int helper(void)
+{
+	return 3;
+}
+
 static int mthp_collapse(int a)
 {
-	if (a)
-		return 1;
+	if (a > helper())
+		return 4;
 	return 2;
`;
  const whole = `${part.replace('12,5 +12,9', '12,6 +12,10')} }\n`;
  for (const later of [part, whole]) {
    const c = cOfMails(ADDS, later);
    expect(definitionsOf(c).functions.map(({ name }) => name)).toEqual(['helper', 'mthp_collapse']);
    expect(c).toContain('return 4;\n');
    expect(c).not.toContain('return 1;');
    // A compiler is told whose lines these are.
    expect(c.split('\n').indexOf('	return 3;')).toBe(4);
    expect(c).toContain('	return 2;\n}');
  }
});

test('where a later patch cannot be applied, nothing is made of the version before', () => {
  const part = `@@ -13,3 +13,3 @@ static int mthp_collapse(int a)
 	other();
-	return 7;
+	return 8;
 	rest();
`;
  const answer = found(ADDS, part);
  expect(answer.ok ? '' : answer.failure.message).toBe(
    'line 1: a later patch changes mthp_collapse in part, and its lines are not those of the version at line 4; paste the function as it is in the end',
  );
  // Of the function behind it git says that it lies in the one before.
  expect(cOfMails(ADDS, part.replace(' 	other', ' }\n \n static int next(int a)\n {\n 	other'))).toContain(
    'return 1;',
  );
});
