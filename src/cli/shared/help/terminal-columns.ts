/** How wide what is printed may be, as COLUMNS says, else the terminal; undefined where neither does. */
export function terminalColumns({ env, stdout }: Pick<NodeJS.Process, 'env' | 'stdout'>): number | undefined {
  const asked = Number(env.COLUMNS);
  return Number.isInteger(asked) && asked > 0 ? asked : stdout.columns || undefined;
}
