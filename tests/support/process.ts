import { withDeadline } from "./deadline.ts";
import { splitLines } from "./line_process.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const START_DEADLINE_MS = 30_000;
const END_DEADLINE_MS = 30_000;

/** A line of `--json-logs`. */
export type LogLine = Readonly<Record<string, unknown>>;

/** What a command that has ended wrote. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of this project's command line, with `--allow-net --no-prompt` and nothing more. */
export function startCommand(
  args: readonly string[],
  options: {
    readonly permissions?: readonly string[];
    readonly stdin?: "piped";
    /** Files, sockets among them, that it may have open; not on Windows. */
    readonly filesMax?: number;
  } = {},
): Deno.ChildProcess {
  const { permissions = ["--allow-net"], filesMax } = options;
  const run = ["run", "--quiet", "--no-prompt", ...permissions, MAIN, ...args];
  const limited = ["-c", `ulimit -n ${filesMax}; exec "$0" "$@"`, Deno.execPath(), ...run];
  return new Deno.Command(filesMax === undefined ? Deno.execPath() : "sh", {
    args: filesMax === undefined ? run : limited,
    stdin: options.stdin ?? "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a command to its end. */
export async function runCommand(
  args: readonly string[],
  options: { readonly permissions?: readonly string[]; readonly input?: string } = {},
): Promise<CommandResult> {
  const { permissions, input } = options;
  const child = startCommand(args, {
    ...(permissions === undefined ? {} : { permissions }),
    ...(input === undefined ? {} : { stdin: "piped" }),
  });
  if (input !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  }
  const [{ code }, stdout, stderr] = await withDeadline(
    Promise.all([child.status, textOf(child.stdout), textOf(child.stderr)]),
    END_DEADLINE_MS,
    `the end of clasp-fed ${args.join(" ")}`,
  ).catch((error) => {
    child.kill("SIGKILL");
    throw error;
  });
  return { code, stdout, stderr };
}

/** A router in a process of its own. */
export class ServerProcess implements AsyncDisposable {
  readonly child: Deno.ChildProcess;
  /** All that it logged so far. A line that is no JSON has only `text`. */
  readonly logs: readonly LogLine[];
  readonly #logs: LogLine[] = [];
  readonly #waiters = new Set<() => void>();
  readonly #output: Promise<void>;
  #port = 0;
  /** How it ended, once it has. */
  #end: Deno.CommandStatus | undefined;

  constructor(child: Deno.ChildProcess) {
    this.child = child;
    this.logs = this.#logs;
    this.#output = this.#readLogs();
    Promise.all([child.status, this.#output]).then(([status]) => {
      this.#end = status;
      this.#wake();
    });
  }

  /** Where it listens. */
  get port(): number {
    return this.#port;
  }

  /** The URL for clients. */
  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  /** The first line that fits, now or later. */
  async log(isIt: (line: LogLine) => boolean, what: string): Promise<LogLine> {
    const { promise, resolve, reject } = Promise.withResolvers<LogLine>();
    const look = (): void => {
      const found = this.#logs.find(isIt);
      if (found !== undefined) resolve(found);
      else if (this.#end !== undefined) reject(new Error(endedWithout(what, this.#end)));
    };
    this.#waiters.add(look);
    look();
    try {
      return await withDeadline(promise, START_DEADLINE_MS, `${what} in the log of a server`);
    } catch (error) {
      const lines = this.#logs.slice(-10).map((line) => JSON.stringify(line)).join("\n");
      throw new Error(`${error instanceof Error ? error.message : error}; it logged:\n${lines}`);
    } finally {
      this.#waiters.delete(look);
    }
  }

  /** Waits until it listens. */
  async started(): Promise<void> {
    this.#port = Number((await this.log(isListening, "its port"))["port"]);
  }

  /** Sends a signal; does nothing when it has ended. */
  kill(signal: Deno.Signal): void {
    try {
      this.child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /** Stops it with SIGTERM, and with SIGKILL when that does not help. */
  async stop(): Promise<Deno.CommandStatus> {
    this.kill("SIGTERM");
    return await this.ended();
  }

  /** Waits for its end. */
  async ended(): Promise<Deno.CommandStatus> {
    try {
      const status = await withDeadline(this.child.status, END_DEADLINE_MS, "the end of a server");
      await this.#output;
      return status;
    } catch (error) {
      this.kill("SIGKILL");
      await this.child.status;
      await this.#output;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.ended();
  }

  async #readLogs(): Promise<void> {
    const output = this.child.stdout.cancel();
    const lines = this.child.stderr.pipeThrough(new TextDecoderStream()).pipeThrough(splitLines());
    for await (const line of lines) {
      this.#logs.push(parseLine(line));
      this.#wake();
    }
    await output;
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}

function endedWithout(what: string, { code, signal }: Deno.CommandStatus): string {
  return `The server has ended without ${what}, with ${signal ?? `exit code ${code}`}`;
}

/**
 * Starts `clasp-fed server` on a free port of this machine, unless the arguments name one, and waits
 * until it listens. It logs JSON at level debug and gives connections 2 s to close when it stops.
 */
export async function startServer(
  args: readonly string[] = [],
  options: { readonly permissions?: readonly string[]; readonly filesMax?: number } = {},
): Promise<ServerProcess> {
  const defaults: readonly (readonly [string, string])[] = [
    ["--port", "0"],
    ["--host", "127.0.0.1"],
    ["--log-level", "debug"],
    ["--drain-timeout", "2"],
  ];
  const missing = defaults.filter(([flag]) => !args.includes(flag)).flat();
  const server = new ServerProcess(
    startCommand(["server", "--json-logs", ...missing, ...args], options),
  );
  try {
    await server.started();
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return server;
}

function isListening(line: LogLine): boolean {
  return line["event"] === "listening";
}

function parseLine(text: string): LogLine {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : { text };
  } catch {
    return { text };
  }
}

async function textOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  return await new Response(stream).text();
}
