import { descendantsOf } from "./descendants.ts";

/** Exit codes of a process that a signal ended, by convention: 128 + its number. */
const EXIT_CODE = { SIGINT: 130, SIGTERM: 143 } as const;

/** From now on Ctrl-C and SIGTERM end this process and all that it has started. Linux only. */
export function endAllOnSignal(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      endDescendants();
      Deno.exit(EXIT_CODE[signal]);
    });
  }
}

function endDescendants(): void {
  const halted = new Set<number>();
  for (;;) {
    const running = descendantsOf(Deno.pid).filter((id) => !halted.has(id));
    if (running.length === 0) break;
    // First all are halted, so that none starts another while this looks, or leaves one to init.
    for (const id of running) {
      signalTo(id, "SIGSTOP");
      halted.add(id);
    }
  }
  for (const id of halted) signalTo(id, "SIGKILL");
}

/** Does nothing when it has ended. */
function signalTo(id: number, signal: Deno.Signal): void {
  try {
    Deno.kill(id, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
