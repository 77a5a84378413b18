import { oneLine } from "./output.ts";

const INTERVAL_MS = 100;
const WIDTH_MAX = 78;
const ENCODER = new TextEncoder();

/** One line on a terminal that says how far long work is; nothing where no terminal is. */
export class Progress {
  readonly #isShown: boolean = Deno.stderr.isTerminal();
  #shownMs = -Infinity;
  #width = 0;

  /** What is to be read now; at most ten times a second it is shown. */
  show(text: () => string): void {
    const nowMs = performance.now();
    if (!this.#isShown || nowMs - this.#shownMs < INTERVAL_MS) return;
    this.#shownMs = nowMs;
    this.#write(oneLine(text()).slice(0, WIDTH_MAX));
  }

  /** Leaves an empty line for what comes. */
  clear(): void {
    if (this.#width === 0) return;
    this.#write("");
    this.#width = 0;
  }

  /** Blanks instead of an escape sequence: every terminal knows them. */
  #write(text: string): void {
    const line = `\r${text.padEnd(this.#width)}${text === "" ? "\r" : ""}`;
    this.#width = text.length;
    Deno.stderr.writeSync(ENCODER.encode(line));
  }
}

/** A number as people read it: 40,000. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}
