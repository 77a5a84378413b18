/**
 * Waits for something that is to happen, and fails with a sentence when it does not.
 *
 * @param what What is waited for, as in "the close of 3 connections".
 * @throws {Error} When `promise` has not settled after `ms` milliseconds.
 */
export async function withDeadline<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${ms} ms in vain for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
