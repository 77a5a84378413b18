import type { ServerProcess } from "./process.ts";

/** A process that stands still (SIGSTOP) until this is disposed of (SIGCONT). */
export class Freeze implements Disposable {
  readonly #process: ServerProcess;

  constructor(process: ServerProcess) {
    this.#process = process;
    process.kill("SIGSTOP");
  }

  [Symbol.dispose](): void {
    this.#process.kill("SIGCONT");
  }
}
