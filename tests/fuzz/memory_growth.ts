const MIB = 1_048_576;

/**
 * How much more memory was in use at the end than after the start, bytes: of the lowest values of the
 * second and of the last quarter, since between two collections of garbage any value says little.
 */
export function memoryGrowth(samples: readonly number[]): number {
  const quarter = samples.length >> 2;
  if (quarter === 0) return 0;
  const early = Math.min(...samples.slice(quarter, 2 * quarter));
  const late = Math.min(...samples.slice(-quarter));
  return late - early;
}

/** The same for people. */
export function mebibytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
