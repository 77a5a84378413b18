const INTERVAL_MS = 5;

/**
 * Looks again and again until a condition holds.
 *
 * @param what What is waited for, as in "updates of site-a".
 * @throws {Error} When it does not hold within `deadlineMs`.
 */
export async function pollUntil(
  isMet: () => boolean,
  what: string,
  deadlineMs: number,
): Promise<void> {
  const start = performance.now();
  while (!isMet()) {
    if (performance.now() - start > deadlineMs) {
      throw new Error(`Waited ${deadlineMs} ms in vain for ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}
