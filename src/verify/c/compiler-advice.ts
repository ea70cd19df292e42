/** What compilers say of names that nothing defines, of gcc and of clang. */
const UNKNOWN: readonly RegExp[] = [
  /implicit declaration of function [‘'`](\w+)/g,
  /call to undeclared function [‘'`](\w+)/g,
  /[‘'`](\w+)[’'] undeclared/g,
  /use of undeclared identifier [‘'`](\w+)/g,
  /unknown type name [‘'`](\w+)/g,
  /undefined reference to [‘'`](\w+)/g,
  /storage size of [‘'`]\w+[’'] isn[’']t known.*struct (\w+)/g,
];

const UNKNOWN_FIELD = /has no member named [‘'`](\w+)|no member named [‘'`](\w+)/g;

/** What to do about the messages of a compiler: a line each. */
export function compilerAdvice(path: string, messages: string): string[] {
  const names = new Set(UNKNOWN.flatMap((each) => [...messages.matchAll(each)].map(([, name]) => name)));
  const fields = new Set([...messages.matchAll(UNKNOWN_FIELD)].map(([, gcc, clang]) => gcc ?? clang));
  const functions = new Set(
    [...messages.matchAll(/(?:declaration of|undeclared) function [‘'`](\w+)/g)].map(([, name]) => name),
  );
  const include = /fatal error: '?([\w/.-]+)'?(?: file not found|: No such file)/.exec(messages)?.[1];
  return [
    ...[...names].map((name) => adviceOn(path, name, functions.has(name))),
    ...[...fields].map(
      (field) =>
        `${field} is in no version's structure that thpscope knows: put the structure with it above the function`,
    ),
    ...(include ? [`leave #include <${include}> out: what a search uses of it is there already`] : []),
  ];
}

function adviceOn(path: string, name: string, isFunction: boolean): string {
  const how = isFunction
    ? `paste it too, or a stand-in: static int ${name}(...) { ... }`
    : `for example: #define ${name} ...`;
  return `${name} is not a name that thpscope knows: define it in ${path} above the function (${how})`;
}
