import type { DocCommand, DocStep, DocStory } from "../../scripts/doc_stories.ts";
import { freePorts } from "./free_ports.ts";
import { pollUntil } from "./poll_until.ts";
import { TempDirectory } from "./temp_directory.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** What a reader has of the project who types its commands. */
const PROJECT = ["main.ts", "mod.ts", "src", "scripts", "deno.json", "deno.lock"];
/** The ports that the documents name. */
const DOCUMENTED_PORTS = ["7330", "7331", "7332", "7333"];
/** Commands that look and change nothing: what they show may be a moment later than what was done. */
const LOOKS = /^clasp-fed (get|status|explain|verify|query|info)\b/;
const STARTS_SERVER = /(\btask start\b|\bmain\.ts server\b|^clasp-fed server\b)/;
const STARTS_NOTHING = /--(check|print-schema|help)\b/;
/** Who asks for no router by name gets that of port 7330, which may be somebody's. */
const ASKS_ROUTER = /^clasp-fed (set|get|pub|sub|query|status|explain|bench)\b/;
const NAMES_ROUTER = /(^| )(-s|--server)[ =]/;
/** All that a block may run: a document that needs more says why nobody runs it. */
const PROGRAMS: ReadonlySet<string> = new Set(["alias", "cat", "clasp-fed", "deno", "grep", "npx"]);
const START_DEADLINE_MS = 60_000;
const COMMAND_DEADLINE_MS = 120_000;
const STOP_DEADLINE_MS = 10_000;
const LOOK_DEADLINE_MS = 15_000;
const LOOK_INTERVAL_MS = 200;

interface Outcome {
  readonly code: number;
  readonly text: string;
}

/** What somebody does who has the project, a shell, and a chapter of a document to follow. */
export class DocSession implements AsyncDisposable {
  readonly #directory: TempDirectory;
  readonly #alias: string;
  readonly #ports: ReadonlyMap<string, string>;
  readonly #servers: DocServer[] = [];

  private constructor(directory: TempDirectory, alias: string) {
    this.#directory = directory;
    this.#alias = alias;
    const ports = freePorts(DOCUMENTED_PORTS.length).map(String);
    this.#ports = new Map(DOCUMENTED_PORTS.map((port, index) => [port, ports[index] ?? ""]));
  }

  /** @param alias What the documents let `clasp-fed` stand for. */
  static async open(alias: string): Promise<DocSession> {
    const session = new DocSession(await TempDirectory.make(), alias);
    await session.#prepare();
    return session;
  }

  /** Types it all; fails with the line of the document at which it does not go as it says. */
  async follow(story: DocStory): Promise<void> {
    for (const step of story.steps) await this.#take(story.path, step);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server.stop();
    await this.#directory[Symbol.asyncDispose]();
  }

  get #home(): string {
    return this.#directory.file("project");
  }

  get #bin(): string {
    return this.#directory.file("bin");
  }

  async #prepare(): Promise<void> {
    await Deno.mkdir(this.#home);
    for (const name of PROJECT) await copy(ROOT + name, `${this.#home}/${name}`);
    await Deno.mkdir(this.#bin);
    const deno = Deno.execPath();
    await this.#program("deno", `exec '${deno}' "$@"`);
    await this.#program("npx", `[ "$1 $2" = "-y deno@2.9.6" ] || exit 3; shift 2; exec deno "$@"`);
    await this.#program("clasp-fed", `exec ${this.#alias} "$@"`);
  }

  async #program(name: string, script: string): Promise<void> {
    await Deno.writeTextFile(`${this.#bin}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  async #take(path: string, step: DocStep): Promise<void> {
    switch (step.kind) {
      case "notRun":
        return;
      case "stop":
        return await this.#stop(this.#ours(step.port), path);
      case "file":
        await Deno.writeTextFile(`${this.#home}/${step.name}`, this.#ours(step.text));
        return;
      case "commands":
        for (const [index, command] of step.commands.entries()) {
          const isLast = index === step.commands.length - 1;
          await this.#type(`${path}:${command.line}`, command, {
            exitCode: isLast ? step.exitCode : 0,
            output: isLast ? step.output : undefined,
          });
        }
    }
  }

  async #stop(port: string, path: string): Promise<void> {
    const server = this.#servers.findLast((each) => each.port === port);
    if (server === undefined) throw new Error(`${path}: no router that runs has port ${port}`);
    await server.stop();
  }

  async #type(at: string, { text }: DocCommand, expected: {
    readonly exitCode: number;
    readonly output: readonly string[] | undefined;
  }): Promise<void> {
    checkPrograms(at, text);
    const command = this.#ours(text);
    if (command.startsWith("alias ")) return;
    if (STARTS_SERVER.test(command) && !STARTS_NOTHING.test(command)) {
      const server = new DocServer(this.#spawn(`exec ${command}`, { isGroup: false }));
      this.#servers.push(server);
      return await server.started(`${at}: ${text}`, expected.output ?? []);
    }
    // What is to fail changes nothing, either.
    const isRepeated = LOOKS.test(command) || expected.exitCode !== 0;
    const endMs = performance.now() + (isRepeated ? LOOK_DEADLINE_MS : 0);
    for (;;) {
      const outcome = await this.#run(command, `${at}: ${text}`);
      const problem = problemOf(outcome, { ...expected, ours: (line) => this.#ours(line) });
      if (problem === undefined) return;
      if (performance.now() > endMs) throw new Error(`${at}: ${text}\n${problem}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    }
  }

  async #run(command: string, what: string): Promise<Outcome> {
    const child = this.#spawn(`exec 2>&1; ${command}`, { isGroup: true });
    const timer = setTimeout(() => signal(-child.pid, "SIGKILL"), COMMAND_DEADLINE_MS);
    try {
      const { code, signal, stdout } = await child.output();
      if (signal !== null) {
        throw new Error(`${what}\nended by ${signal}, ${COMMAND_DEADLINE_MS} ms`);
      }
      return { code, text: new TextDecoder().decode(stdout) };
    } finally {
      clearTimeout(timer);
    }
  }

  /** One that is a group ends as a whole; one that is not gets the Ctrl-C of the tests too. */
  #spawn(script: string, { isGroup }: { readonly isGroup: boolean }): Deno.ChildProcess {
    return new Deno.Command("sh", {
      args: ["-c", script],
      cwd: this.#home,
      env: { PATH: `${this.#bin}:/usr/bin:/bin`, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: isGroup,
    }).spawn();
  }

  /** With ports that are free here. */
  #ours(text: string): string {
    return text.replaceAll(/\b733\d\b/g, (port) => this.#ports.get(port) ?? port);
  }
}

/** A router that a document starts. */
class DocServer {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>[];
  #log = "";
  #port = "";
  #hasEnded = false;

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#reading = [this.#read(child.stdout), this.#read(child.stderr)];
    child.status.then(() => this.#hasEnded = true);
  }

  /** Where it listens. */
  get port(): string {
    return this.#port;
  }

  /** Waits until it is ready or, when there are any, until it has logged these lines. */
  async started(what: string, lines: readonly string[]): Promise<void> {
    const isListening = () => /Listening on wss?:\/\//.test(this.#log) || this.#hasEnded;
    await this.#until(isListening, what);
    const [, scheme = "", port] = /Listening on (wss?):\/\/[^ ]*:(\d+)/.exec(this.#log) ?? [];
    if (port === undefined) throw new Error(`${what}\nit has ended:\n${this.#log}`);
    this.#port = port;
    // One that is to say why it is not ready says so, and of others nobody here has the authority.
    const isAsked = lines.length === 0 && scheme === "ws";
    if (isAsked) await untilReady(`http://127.0.0.1:${port}/readyz`, what);
    const isLogged = () => lines.every((line) => pattern(line).test(this.#log));
    await this.#until(isLogged, `${what}\nshows\n${lines.join("\n")}`);
  }

  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    // A task passes it on to the router.
    signal(this.#child.pid, "SIGTERM");
    const timer = setTimeout(() => signal(this.#child.pid, "SIGKILL"), STOP_DEADLINE_MS);
    await this.#child.status;
    this.#hasEnded = true;
    clearTimeout(timer);
    await Promise.all(this.#reading);
  }

  async #until(isMet: () => boolean, what: string): Promise<void> {
    try {
      await pollUntil(isMet, what, START_DEADLINE_MS);
    } catch (error) {
      throw new Error(
        `${error instanceof Error ? error.message : error}; it logged:\n${this.#log}`,
      );
    }
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.#log += text;
  }
}

function checkPrograms(at: string, text: string): void {
  const words = text.split(/\s*(?:&&|\|\||[|;])\s*/).map((part) => part.split(/\s/)[0] ?? "");
  const unknown = words.find((word) => !PROGRAMS.has(word));
  if (unknown !== undefined) {
    throw new Error(
      `${at}: ${text}\nno test runs "${unknown}"; say why: <!-- not run: REASON --> before the block`,
    );
  }
  if (ASKS_ROUTER.test(text) && !NAMES_ROUTER.test(text) && !STARTS_NOTHING.test(text)) {
    throw new Error(`${at}: ${text}\nit asks whatever listens on port 7330; add -s URL`);
  }
}

function problemOf(outcome: Outcome, expected: {
  readonly exitCode: number;
  readonly output: readonly string[] | undefined;
  readonly ours: (line: string) => string;
}): string | undefined {
  const { exitCode, output, ours } = expected;
  const said = `it printed:\n${outcome.text}`;
  if (outcome.code !== exitCode) return `exit code ${outcome.code}, not ${exitCode}; ${said}`;
  if (output === undefined) return undefined;
  const isShown = isPrinted(output.map(ours), outcome.text.trimEnd().split("\n"));
  return isShown ? undefined : `the document shows:\n${output.join("\n")}\n${said}`;
}

/** Whether a program printed what a document shows; a line of three dots is any number of lines. */
export function isPrinted(shown: readonly string[], printed: readonly string[]): boolean {
  const [first, ...rest] = shown;
  if (first === undefined) return printed.length === 0;
  if (first === "...") {
    return printed.some((_, index) => isPrinted(rest, printed.slice(index))) ||
      isPrinted(rest, []);
  }
  const [line, ...others] = printed;
  return line !== undefined && pattern(first, "$").test(line) && isPrinted(rest, others);
}

/** Three dots are any text. Times, sizes and versions are others each time, and so are columns. */
function pattern(shown: string, end: string = ""): RegExp {
  const source = shown.trimEnd().split(/(\.\.\.|\d+(?:\.\d+)?(?= (?:ms|s|MB)\b)| {2,})/)
    .map((part, index) => {
      if (index % 2 === 0) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
      if (part === "...") return ".*";
      return part.startsWith(" ") ? " {2,}" : "\\d+(?:\\.\\d+)?";
    })
    .join("");
  return new RegExp(end === "" ? source : `^${source} *${end}`);
}

async function untilReady(url: string, what: string): Promise<void> {
  for (const endMs = performance.now() + START_DEADLINE_MS;;) {
    const response = await fetch(url);
    const text = await response.text();
    if (response.ok) return;
    if (performance.now() > endMs) throw new Error(`${what}\nis not ready: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
}

/** Of a group with a negative id. */
function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch (error) {
    // It has ended already.
    if (!(error instanceof Deno.errors.NotFound || error instanceof TypeError)) throw error;
  }
}

async function copy(from: string, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}
