/** Exit codes of a process that a signal ended, by convention: 128 + its number. */
const EXIT_CODE = { SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that asks this process to stop. */
export type StopSignal = keyof typeof EXIT_CODE;

/** Resolves at the first Ctrl-C or SIGTERM. A second one ends the process at once. */
export function stopSignal(): Promise<StopSignal> {
  const { promise, resolve } = Promise.withResolvers<StopSignal>();
  // Windows has no SIGTERM to listen to.
  const signals: readonly StopSignal[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM"];
  let hasCome = false;
  for (const signal of signals) {
    Deno.addSignalListener(signal, () => {
      if (hasCome) Deno.exit(EXIT_CODE[signal]);
      hasCome = true;
      resolve(signal);
    });
  }
  return promise;
}
