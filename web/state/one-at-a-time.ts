/**
 * Asks one question at a time: calls while an answer is awaited come to one more question after it, for only
 * the last one matters. A question that fails is not asked again before the next call.
 */
export function oneAtATime(ask: () => Promise<void>): () => Promise<void> {
  let asking = false;
  let again = false;
  return async () => {
    again = true;
    if (asking) return;
    asking = true;
    try {
      while (again) {
        again = false;
        await ask();
      }
    } finally {
      asking = false;
    }
  };
}
