/**
 * Builds binaries of `clasp-fed` into `dist/`, with their SHA-256 sums:
 * `deno task compile [--target TRIPLE ...] [--all] [--with-files DIR ...] [--out DIR] [--dry-run]`.
 *
 * What a binary may do is built into it: use the network, and nothing else. `--with-files` names a
 * directory on the machine where it is to run, in which it may also read and write: for certificates,
 * tokens and persistence. Nobody can give it more when it is started.
 *
 * Without a target it builds for this machine. `--dry-run` prints the commands and runs none.
 *
 * @module
 */

import config from "../deno.json" with { type: "json" };

/** What `deno compile` can build for. */
export const TARGETS: readonly string[] = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
  "aarch64-pc-windows-msvc",
];

/** What the command line asked for. */
export interface CompileRequest {
  readonly targets: readonly string[];
  /** Directories that the binaries may read and write. */
  readonly fileDirectories: readonly string[];
  /** Where the binaries go; a relative one is in the project's root. */
  readonly outputDirectory: string;
  readonly dryRun: boolean;
}

/** One binary. */
export interface CompileTask extends Pick<CompileRequest, "fileDirectories" | "outputDirectory"> {
  readonly version: string;
  readonly target: string;
}

const OUTPUT_DIRECTORY = "dist";
const USAGE = "Usage: deno task compile [--target TRIPLE ...] [--all] [--with-files DIR ...] " +
  "[--out DIR] [--dry-run]";

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  let request: CompileRequest;
  try {
    request = parseCompileArgs(args, Deno.build.target);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(`${error.message}\n${USAGE}`);
    return 2;
  }
  if (request.dryRun) {
    for (const task of tasksOf(request)) console.log(commandLine(task));
    return 0;
  }
  return await compile(request);
}

function tasksOf({ targets, fileDirectories, outputDirectory }: CompileRequest): CompileTask[] {
  const { version } = config;
  return targets.map((target) => ({ version, target, fileDirectories, outputDirectory }));
}

async function compile(request: CompileRequest): Promise<number> {
  const root = new URL("../", import.meta.url);
  const directory = new URL(`${request.outputDirectory}/`, root);
  await Deno.mkdir(directory, { recursive: true });
  const tasks = tasksOf(request);
  for (const task of tasks) {
    console.error(commandLine(task));
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: [...compileArgs(task)],
      cwd: root,
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status;
    if (code !== 0) {
      console.error(
        `Cannot build for ${task.target}: deno compile ended with ${code}. If it could not download its ` +
          "runtime: deno compile needs the network, or DENORT_BIN set to a denort file.",
      );
      return code;
    }
  }
  const sums = new Map<string, string>();
  for await (const entry of Deno.readDir(directory)) {
    if (!entry.isFile || !entry.name.startsWith(`clasp-fed-${config.version}-`)) continue;
    sums.set(entry.name, await sha256(await Deno.readFile(new URL(entry.name, directory))));
  }
  await Deno.writeTextFile(new URL("SHA256SUMS", directory), checksumText(sums));
  console.error(
    `${tasks.length} built, sums of ${sums.size} files in ${request.outputDirectory}/SHA256SUMS`,
  );
  return 0;
}

/**
 * Reads the command line.
 *
 * @param hostTarget The target of this machine, used when none is named.
 * @throws {RangeError} On a flag or a target that does not exist.
 */
export function parseCompileArgs(args: readonly string[], hostTarget: string): CompileRequest {
  const targets = new Set<string>();
  const fileDirectories = new Set<string>();
  let outputDirectory = OUTPUT_DIRECTORY;
  let dryRun = false;
  for (let i = 0; i < args.length; i++) {
    const [flag = "", ...rest] = (args[i] ?? "").split("=");
    const value = (): string => requireValue(flag, rest.length > 0 ? rest.join("=") : args[++i]);
    switch (flag) {
      case "--target":
        targets.add(requireTarget(value()));
        break;
      case "--with-files":
        fileDirectories.add(value());
        break;
      case "--out":
        outputDirectory = value().replace(/[/\\]+$/, "");
        break;
      default:
        if (args[i] === "--dry-run") dryRun = true;
        else if (args[i] === "--all") TARGETS.forEach((target) => targets.add(target));
        else throw new RangeError(`Cannot compile: there is no flag "${args[i]}"`);
    }
  }
  if (targets.size === 0) targets.add(requireTarget(hostTarget));
  for (const directory of fileDirectories) {
    for (const target of targets) checkDirectory(directory, target);
  }
  return {
    targets: [...targets],
    fileDirectories: [...fileDirectories],
    outputDirectory,
    dryRun,
  };
}

function requireValue(flag: string, value: string | undefined): string {
  if (value !== undefined && value !== "" && !value.startsWith("--")) return value;
  throw new RangeError(`Cannot compile: ${flag} needs a value behind it`);
}

/** A relative one would be another directory wherever the binary is started. */
function checkDirectory(directory: string, target: string): void {
  const isAbsolute = isWindows(target)
    ? /^([A-Za-z]:[/\\]|\\\\)/.test(directory)
    : directory.startsWith("/");
  if (!isAbsolute) {
    throw new RangeError(
      `Cannot compile with files in "${directory}": for ${target} an absolute path is needed, like ` +
        (isWindows(target) ? "C:\\ProgramData\\clasp-fed" : "/var/lib/clasp-fed"),
    );
  }
  if (directory.includes(",")) {
    throw new RangeError(
      `Cannot compile with files in "${directory}": deno takes a comma for the end of a path`,
    );
  }
}

function isWindows(target: string): boolean {
  return target.includes("-windows-");
}

function requireTarget(target: string | undefined): string {
  if (target !== undefined && TARGETS.includes(target)) return target;
  throw new RangeError(
    `Cannot compile for "${target ?? ""}": deno compile knows ${TARGETS.join(", ")}`,
  );
}

/** Path of a binary, from the project's root. */
export function outputPath(
  { version, target, outputDirectory }: Omit<CompileTask, "fileDirectories">,
): string {
  const extension = isWindows(target) ? ".exe" : "";
  return `${outputDirectory}/clasp-fed-${version}-${target}${extension}`;
}

/** What comes after `deno` to build one binary. */
export function compileArgs(task: CompileTask): readonly string[] {
  const files = task.fileDirectories.join(",");
  return [
    "compile",
    "--allow-net",
    ...(files === "" ? [] : [`--allow-read=${files}`, `--allow-write=${files}`]),
    // Code from a few well-known hosts would be allowed otherwise.
    "--deny-import",
    "--no-prompt",
    "--target",
    task.target,
    "--output",
    outputPath(task),
    "main.ts",
  ];
}

/** The same as one line to read or to paste. */
export function commandLine(task: CompileTask): string {
  return ["deno", ...compileArgs(task).map(quoted)].join(" ");
}

function quoted(arg: string): string {
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`;
}

/** The text of SHA256SUMS as `sha256sum --check` reads it, sorted by file name. */
export function checksumText(sums: ReadonlyMap<string, string>): string {
  const names = [...sums.keys()].sort();
  return names.map((name) => `${sums.get(name) ?? ""}  ${name}\n`).join("");
}

/** SHA-256 in lower-case hexadecimal. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return digest.toHex();
}
