import { withDeadline } from "../../support/deadline.ts";
import { splitLines } from "../../support/line_process.ts";
import type { RouterCommand } from "./router_kind.ts";

const END_DEADLINE_MS = 10_000;
const LINES_KEPT = 20;

/** A router in a process of its own, and what it logs. */
export class RouterProcess implements AsyncDisposable {
  /** Resolves when it has ended and all that it logged has come. */
  readonly ended: Promise<void>;
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #lines: string[] = [];
  #end: Deno.CommandStatus | undefined;

  /** @param place What people call it, and where the file of its configuration goes. */
  constructor(
    command: RouterCommand,
    place: { readonly name: string; readonly directory: string },
  ) {
    const args = [...command.args];
    if (command.config !== undefined) {
      args.push(Deno.makeTempFileSync({ dir: place.directory, suffix: ".conf" }));
      Deno.writeTextFileSync(args.at(-1) ?? "", command.config);
    }
    const { program } = command;
    const streams = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
    this.#name = place.name;
    this.#child = new Deno.Command(program, { args, ...streams }).spawn();
    this.ended = this.#follow();
  }

  get id(): number {
    return this.#child.pid;
  }

  /** Throws when it has ended, with what it said. */
  assertRuns(): void {
    if (this.#end === undefined) return;
    const { signal, code } = this.#end;
    const how = signal === null ? `exit code ${code}` : signal;
    const said = this.#lines.length === 0 ? "it said nothing" : `last "${this.#lines.at(-1)}"`;
    throw new Error(`${this.#name} has ended, ${how}; ${said}\n${this.#lines.join("\n")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It has ended.
      if (!(error instanceof TypeError)) throw error;
    }
    await withDeadline(this.ended, END_DEADLINE_MS, `the end of ${this.#name}`);
  }

  async #follow(): Promise<void> {
    const { status, stdout, stderr } = this.#child;
    const [end] = await Promise.all([status, this.#keepLines(stdout), this.#keepLines(stderr)]);
    this.#end = end;
  }

  async #keepLines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const lines = stream.pipeThrough(new TextDecoderStream()).pipeThrough(splitLines());
    for await (const line of lines) {
      if (this.#lines.push(line) > LINES_KEPT) this.#lines.shift();
    }
  }
}
