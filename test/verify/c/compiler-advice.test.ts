import { expect, test } from 'vitest';
import { compilerAdvice } from '../../../src/verify/c/compiler-advice.ts';

test.each([
  ["a.c:3:27: error: implicit declaration of function 'foo' [-Werror]", 'foo', 'static int foo(...)'],
  ["a.c:3:27: error: call to undeclared function 'foo'; ISO C99 …", 'foo', 'static int foo(...)'],
  ["a.c:4:16: error: 'LIMIT' undeclared (first use in this function)", 'LIMIT', '#define LIMIT'],
  ["a.c:4:16: error: use of undeclared identifier 'LIMIT'", 'LIMIT', '#define LIMIT'],
  ["a.c:4:16: error: unknown type name 'gfp_t'", 'gfp_t', '#define gfp_t'],
  ["a.c:(.text+0x1): undefined reference to `foo'", 'foo', ''],
])('%s', (messages, name, how) => {
  const [advice, ...more] = compilerAdvice('a.c', messages);
  expect(more).toEqual([]);
  expect(advice).toContain(`${name} is not a name that thpscope knows: define it in a.c above the function`);
  expect(advice).toContain(how);
});

test('each name once; a field and an include have advice of their own; other errors none', () => {
  const twice = "error: 'A' undeclared\nerror: 'A' undeclared\n";
  expect(compilerAdvice('a.c', twice)).toHaveLength(1);
  expect(compilerAdvice('a.c', "error: 'struct cc' has no member named 'budget'")[0]).toMatch(
    /^budget is in no/,
  );
  expect(compilerAdvice('a.c', 'fatal error: linux/mm.h: No such file or directory')[0]).toMatch(
    /^leave #include <linux\/mm.h> out/,
  );
  expect(compilerAdvice('a.c', "error: expected ';' before '}' token")).toEqual([]);
});
