/**
 * Builds binaries of `clasp-fed` into `dist/`, with their SHA-256 sums:
 * `deno task compile [--target TRIPLE ...] [--all] [--dry-run]`.
 *
 * The binaries may use the network and files; they touch a file only when a flag names it.
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
  readonly dryRun: boolean;
}

const OUTPUT_DIRECTORY = "dist";
const USAGE = "Usage: deno task compile [--target TRIPLE ...] [--all] [--dry-run]";

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
    for (const target of request.targets) console.log(commandLine(config.version, target));
    return 0;
  }
  return await compile(request.targets);
}

async function compile(targets: readonly string[]): Promise<number> {
  const root = new URL("../", import.meta.url);
  const directory = new URL(`${OUTPUT_DIRECTORY}/`, root);
  await Deno.mkdir(directory, { recursive: true });
  for (const target of targets) {
    console.error(commandLine(config.version, target));
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: [...compileArgs(config.version, target)],
      cwd: root,
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status;
    if (code !== 0) {
      console.error(
        `Cannot build for ${target}: deno compile ended with ${code}. If it could not download its ` +
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
  console.error(`${targets.length} built, sums of ${sums.size} files in dist/SHA256SUMS`);
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
  let dryRun = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--dry-run") dryRun = true;
    else if (arg === "--all") { for (const target of TARGETS) targets.add(target); }
    else if (arg === "--target") targets.add(requireTarget(args[++i]));
    else if (arg.startsWith("--target=")) targets.add(requireTarget(arg.slice("--target=".length)));
    else throw new RangeError(`Cannot compile: there is no flag "${arg}"`);
  }
  if (targets.size === 0) targets.add(requireTarget(hostTarget));
  return { targets: [...targets], dryRun };
}

function requireTarget(target: string | undefined): string {
  if (target !== undefined && TARGETS.includes(target)) return target;
  throw new RangeError(
    `Cannot compile for "${target ?? ""}": deno compile knows ${TARGETS.join(", ")}`,
  );
}

/** Path of a binary, from the project's root. */
export function outputPath(version: string, target: string): string {
  const extension = target.includes("-windows-") ? ".exe" : "";
  return `${OUTPUT_DIRECTORY}/clasp-fed-${version}-${target}${extension}`;
}

/** What comes after `deno` to build one binary. */
export function compileArgs(version: string, target: string): readonly string[] {
  return [
    "compile",
    // A file is touched only when a flag names it.
    "--allow-net",
    "--allow-read",
    "--allow-write",
    "--no-prompt",
    "--target",
    target,
    "--output",
    outputPath(version, target),
    "main.ts",
  ];
}

/** The same as one line to read or to paste. */
export function commandLine(version: string, target: string): string {
  return ["deno", ...compileArgs(version, target)].join(" ");
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
