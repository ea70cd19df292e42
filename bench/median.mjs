/**
 * Runs actions in turn, so that whatever else the machine does falls on all of them; medians in milliseconds.
 */
export async function medians(rounds, actions) {
  const times = actions.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, action] of actions.entries()) {
      const start = performance.now();
      await action();
      times[index].push(performance.now() - start);
    }
  }
  return times.map((each) => each.sort((a, b) => a - b)[Math.floor(rounds / 2)]);
}

/** The median time of one action in milliseconds. */
export function median(rounds, action) {
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    action();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)];
}
