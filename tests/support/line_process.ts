import { withDeadline } from "./deadline.ts";

const DEADLINE_MS = 20_000;

/**
 * A script of tests/support in a process of its own. Each line that it is sent it answers with a line
 * of JSON; it ends when its input does.
 */
export class LineProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(splitLines())
      .getReader();
  }

  /** Starts `script`, a file beside this one, with `--allow-net --no-prompt` and nothing more. */
  static start(script: string, ...args: string[]): LineProcess {
    const path = new URL(script, import.meta.url).pathname;
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-net", "--no-prompt", path, ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    });
    return new LineProcess(command.spawn());
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Sends a line. */
  async say(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Sends a line and returns the answer. One question at a time. */
  async ask(line = ""): Promise<unknown> {
    await this.say(line);
    return await this.next();
  }

  /** Returns the next line that the script writes. */
  async next(): Promise<unknown> {
    const { value } = await withDeadline(this.#lines.read(), DEADLINE_MS, "a line of a process");
    if (value === undefined) throw new Error("The process has ended");
    return JSON.parse(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#lines.cancel();
    await withDeadline(this.#child.status, DEADLINE_MS, "the end of a process").catch((error) => {
      this.#child.kill("SIGKILL");
      throw error;
    });
  }
}

/** The lines of a text that comes in pieces. */
export function splitLines(): TransformStream<string, string> {
  let rest = "";
  return new TransformStream({
    transform(chunk, controller) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) controller.enqueue(line);
    },
  });
}

/** The lines of this process's own input, for the scripts. */
export function inputLines(): ReadableStream<string> {
  return Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(splitLines());
}
