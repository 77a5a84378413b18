import { withDeadline } from "../../support/deadline.ts";
import { splitLines } from "../../support/line_process.ts";
import type { RouterCommand } from "./router_kind.ts";

const END_DEADLINE_MS = 10_000;
const LINES_KEPT = 20;

/** A router in a process of its own, and what it logs. */
export class RouterProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #outputs: readonly Promise<void>[];
  readonly #lines: string[] = [];
  #hasEnded = false;

  /** @param directory Where the file of its configuration goes. */
  constructor(command: RouterCommand, directory: string) {
    const args = [...command.args];
    if (command.config !== undefined) {
      args.push(Deno.makeTempFileSync({ dir: directory, suffix: ".conf" }));
      Deno.writeTextFileSync(args.at(-1) ?? "", command.config);
    }
    const { program } = command;
    const streams = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
    this.#child = new Deno.Command(program, { args, ...streams }).spawn();
    this.#outputs = [this.#child.stdout, this.#child.stderr].map((stream) => this.#follow(stream));
    this.#child.status.then(() => this.#hasEnded = true);
  }

  get id(): number {
    return this.#child.pid;
  }

  /** The last lines that it logged, for people. */
  get lastLines(): string {
    return this.#lines.join("\n");
  }

  /** Throws when it has ended, with what it said. */
  assertRuns(): void {
    if (this.#hasEnded) throw new Error(`A router has ended:\n${this.lastLines}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.#child.kill("SIGKILL");
    await withDeadline(this.#child.status, END_DEADLINE_MS, "the end of a router");
    await Promise.all(this.#outputs);
  }

  async #follow(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const lines = stream.pipeThrough(new TextDecoderStream()).pipeThrough(splitLines());
    for await (const line of lines) {
      if (this.#lines.push(line) > LINES_KEPT) this.#lines.shift();
    }
  }
}
