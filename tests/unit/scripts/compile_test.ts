import { assertEquals, assertThrows } from "../../support/assert.ts";
import {
  checksumText,
  commandLine,
  compileArgs,
  outputPath,
  parseCompileArgs,
  sha256,
  TARGETS,
} from "../../../scripts/compile.ts";

const LINUX = "x86_64-unknown-linux-gnu";
const WINDOWS = "x86_64-pc-windows-msvc";

Deno.test("compileArgs() bakes in the permissions for network and files, and never prompts", () => {
  assertEquals(compileArgs("1.2.3", LINUX), [
    "compile",
    "--allow-net",
    "--allow-read",
    "--allow-write",
    "--no-prompt",
    "--target",
    LINUX,
    "--output",
    `dist/clasp-fed-1.2.3-${LINUX}`,
    "main.ts",
  ]);
});

Deno.test("outputPath() names version and target, with .exe for Windows only", () => {
  assertEquals(outputPath("1.2.3", WINDOWS), `dist/clasp-fed-1.2.3-${WINDOWS}.exe`);
  const exes = TARGETS.filter((target) => outputPath("1.2.3", target).endsWith(".exe"));
  assertEquals(exes, TARGETS.filter((target) => target.includes("windows")));
});

Deno.test("commandLine() can be pasted", () => {
  const expected =
    `deno compile --allow-net --allow-read --allow-write --no-prompt --target ${LINUX} ` +
    `--output dist/clasp-fed-1.2.3-${LINUX} main.ts`;
  assertEquals(commandLine("1.2.3", LINUX), expected);
});

Deno.test("parseCompileArgs() builds for this machine when no target is named", () => {
  assertEquals(parseCompileArgs([], LINUX), { targets: [LINUX], dryRun: false });
  assertEquals(parseCompileArgs(["--dry-run"], LINUX), { targets: [LINUX], dryRun: true });
});

Deno.test("parseCompileArgs() takes targets in both spellings, each once, and --all", () => {
  const args = ["--target", WINDOWS, `--target=${LINUX}`, "--target", WINDOWS];
  assertEquals(parseCompileArgs(args, LINUX).targets, [WINDOWS, LINUX]);
  assertEquals(parseCompileArgs(["--all"], LINUX).targets, TARGETS);
});

Deno.test("parseCompileArgs() refuses unknown targets and flags", () => {
  assertThrows(() => parseCompileArgs(["--target", "sparc"], LINUX), RangeError, '"sparc"');
  assertThrows(() => parseCompileArgs(["--target"], LINUX), RangeError, "deno compile knows");
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
