/** `2%` as 0.02; undefined for what is no share. */
export function shareOf(text: string): number | undefined {
  const share = /^(\d+(?:\.\d+)?)%$/.exec(text);
  return share ? Number(share[1]) / 100 : undefined;
}
