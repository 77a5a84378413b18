/** Exit codes of a process that a signal ended, by convention: 128 + its number. */
const EXIT_CODE = { SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that asks this process to stop. */
export type StopSignal = keyof typeof EXIT_CODE;

/** A parent that passes on the terminal's Ctrl-C makes two of it, this close to each other. */
const SAME_SIGNAL_MS = 500;

/** Resolves at the first Ctrl-C or SIGTERM. A second one, later, ends the process at once. */
export function stopSignal(): Promise<StopSignal> {
  const { promise, resolve } = Promise.withResolvers<StopSignal>();
  // Windows has no SIGTERM to listen to.
  const signals: readonly StopSignal[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM"];
  let firstMs: number | undefined;
  for (const signal of signals) {
    Deno.addSignalListener(signal, () => {
      const nowMs = performance.now();
      if (firstMs !== undefined && nowMs - firstMs > SAME_SIGNAL_MS) Deno.exit(EXIT_CODE[signal]);
      firstMs ??= nowMs;
      resolve(signal);
    });
  }
  return promise;
}
