import { assertEquals, assertStringIncludes, assertThrows } from "../../support/assert.ts";
import {
  checksumText,
  commandLine,
  compileArgs,
  type CompileTask,
  outputPath,
  parseCompileArgs,
  sha256,
  TARGETS,
} from "../../../scripts/compile.ts";

const LINUX = "x86_64-unknown-linux-gnu";
const WINDOWS = "x86_64-pc-windows-msvc";

/** A task for Linux, into dist/, without files. */
function task(more: Partial<CompileTask> = {}): CompileTask {
  return {
    version: "1.2.3",
    target: LINUX,
    fileDirectories: [],
    outputDirectory: "dist",
    ...more,
  };
}

Deno.test("compileArgs() bakes in the network and nothing else, and never prompts", () => {
  for (const target of TARGETS) {
    const args = compileArgs(task({ target }));
    assertEquals(args, [
      "compile",
      "--allow-net",
      "--deny-import",
      "--no-prompt",
      "--target",
      target,
      "--output",
      outputPath(task({ target })),
      "main.ts",
    ]);
  }
});

Deno.test("compileArgs() bakes in reading and writing of the directories that are named", () => {
  const fileDirectories = ["/etc/clasp-fed", "/var/lib/clasp-fed"];
  const args = compileArgs(task({ fileDirectories }));
  assertEquals(args.filter((arg) => arg.startsWith("--allow-")), [
    "--allow-net",
    "--allow-read=/etc/clasp-fed,/var/lib/clasp-fed",
    "--allow-write=/etc/clasp-fed,/var/lib/clasp-fed",
  ]);
});

Deno.test("outputPath() names version and target, with .exe for Windows only", () => {
  assertEquals(outputPath(task({ target: WINDOWS })), `dist/clasp-fed-1.2.3-${WINDOWS}.exe`);
  assertEquals(outputPath(task({ outputDirectory: "/tmp/x" })), `/tmp/x/clasp-fed-1.2.3-${LINUX}`);
  const exes = TARGETS.filter((target) => outputPath(task({ target })).endsWith(".exe"));
  assertEquals(exes, TARGETS.filter((target) => target.includes("windows")));
});

Deno.test("commandLine() can be pasted", () => {
  const expected = `deno compile --allow-net --deny-import --no-prompt --target ${LINUX} ` +
    `--output dist/clasp-fed-1.2.3-${LINUX} main.ts`;
  assertEquals(commandLine(task()), expected);
  const spaced = commandLine(task({ fileDirectories: ["/srv/it's here"] }));
  assertStringIncludes(spaced, `'--allow-read=/srv/it'\\''s here'`);
});

Deno.test("parseCompileArgs() builds for this machine, without files, when nothing is named", () => {
  const request = {
    targets: [LINUX],
    fileDirectories: [],
    outputDirectory: "dist",
    dryRun: false,
  };
  assertEquals(parseCompileArgs([], LINUX), request);
  assertEquals(parseCompileArgs(["--dry-run"], LINUX), { ...request, dryRun: true });
});

Deno.test("parseCompileArgs() takes targets in both spellings, each once, and --all", () => {
  const args = ["--target", WINDOWS, `--target=${LINUX}`, "--target", WINDOWS];
  assertEquals(parseCompileArgs(args, LINUX).targets, [WINDOWS, LINUX]);
  assertEquals(parseCompileArgs(["--all"], LINUX).targets, TARGETS);
});

Deno.test("parseCompileArgs() takes directories for files and for the binaries", () => {
  const args = ["--with-files", "/a b", "--with-files=/c=d", "--with-files=/a b", "--out=/tmp/x/"];
  const { fileDirectories, outputDirectory } = parseCompileArgs(args, LINUX);
  assertEquals([fileDirectories, outputDirectory], [["/a b", "/c=d"], "/tmp/x"]);
  const windows = ["--target", WINDOWS, "--with-files"];
  for (const path of ["C:\\clasp", "d:/clasp", "\\\\server\\share"]) {
    assertEquals(parseCompileArgs([...windows, path], LINUX).fileDirectories, [path]);
  }
});

Deno.test("parseCompileArgs() refuses a directory that means another one elsewhere", () => {
  const refused: readonly (readonly [readonly string[], string])[] = [
    [["--with-files", "state"], "an absolute path is needed, like /var/lib"],
    [["--with-files", "./state"], "absolute"],
    [["--with-files", "C:\\clasp"], "absolute"],
    [["--target", WINDOWS, "--with-files", "/state"], "like C:\\ProgramData"],
    [["--target", WINDOWS, "--with-files", "C:state"], "absolute"],
    // No directory is one on Linux and on Windows.
    [["--all", "--with-files", "/state"], WINDOWS],
    [["--with-files", "/a,/"], "comma"],
    [["--with-files"], "needs a value"],
    [["--with-files="], "needs a value"],
    [["--with-files", "--all"], "needs a value"],
  ];
  for (const [args, why] of refused) {
    assertThrows(() => parseCompileArgs(args, LINUX), RangeError, why);
  }
});

Deno.test("parseCompileArgs() refuses unknown targets and flags", () => {
  assertThrows(() => parseCompileArgs(["--target", "sparc"], LINUX), RangeError, '"sparc"');
  assertThrows(() => parseCompileArgs(["--target"], LINUX), RangeError, "--target needs a value");
  assertThrows(() => parseCompileArgs(["--dry-run=1"], LINUX), RangeError, '"--dry-run=1"');
  assertThrows(() => parseCompileArgs(["--fast"], LINUX), RangeError, '"--fast"');
  assertThrows(() => parseCompileArgs([], "sparc"), RangeError, '"sparc"');
});

Deno.test("checksumText() is what sha256sum writes, sorted by name", async () => {
  const empty = await sha256(new Uint8Array());
  assertEquals(empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const sums = new Map([["b", empty], ["a", "00ff"]]);
  assertEquals(checksumText(sums), `00ff  a\n${empty}  b\n`);
});

Deno.test("TARGETS are all known to deno compile", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["compile", "--target", "none", "main.ts"],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  const known = new TextDecoder().decode(stderr).match(/possible values: (.+)/)?.[1]?.split(", ");
  assertEquals(code === 0, false);
  assertEquals(TARGETS.filter((target) => known?.includes(target) !== true), []);
});
