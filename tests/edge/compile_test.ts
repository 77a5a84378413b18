import { sha256 } from "../../scripts/compile.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const SCRIPT = new URL("../../scripts/compile.ts", import.meta.url).pathname;
/** Stands for Deno's runtime, which would have to be downloaded: deno compile appends to it. */
const RUNTIME = "/bin/true";

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function compile(args: readonly string[], runtime: string): Promise<Run> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", SCRIPT, ...args],
    env: { DENORT_BIN: runtime, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const [said, complained] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: said ?? "", stderr: complained ?? "" };
}

/** What a binary may do, as deno compile wrote it into it. */
function permissionsIn(binary: Uint8Array): Readonly<Record<string, unknown>> {
  const text = new TextDecoder("latin1").decode(binary);
  const start = text.indexOf('{"allow_env":');
  const end = text.indexOf("}", start);
  assert(start > 0 && end > start, "no permissions in the binary");
  return JSON.parse(text.slice(start, end + 1));
}

Deno.test({
  name:
    "a binary may use the network, with files the directories that were named, and nothing else",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using directory = await TempDirectory.make();
    const { path } = directory;
    const files = ["/etc/clasp-fed", "/var/lib/clasp-fed"];
    for (const fileDirectories of [[], files]) {
      const flags = fileDirectories.flatMap((each) => ["--with-files", each]);
      const { code, stderr } = await compile(["--out", path, ...flags], RUNTIME);
      assertEquals(code, 0, stderr);
      const names = await directory.names();
      const [name = ""] = names.filter((each) => each !== "SHA256SUMS");
      assertEquals(names, ["SHA256SUMS", name]);
      const binary = await Deno.readFile(directory.file(name));
      const sums = await Deno.readTextFile(directory.file("SHA256SUMS"));
      assertEquals(sums, `${await sha256(binary)}  ${name}\n`);
      const permissions = permissionsIn(binary);
      // None is null, all is an empty list. Imports are denied as a whole.
      const granted = Object.entries(permissions).filter(([name, value]) =>
        name.startsWith("allow_") && name !== "allow_import" && value !== null
      );
      const wanted = fileDirectories.length === 0 ? {} : {
        allow_read: fileDirectories,
        allow_write: fileDirectories,
      };
      assertEquals(Object.fromEntries(granted), { allow_net: [], ...wanted });
      assertEquals([permissions["deny_import"], permissions["prompt"]], [[], false]);
    }
  },
});

Deno.test({
  name: "binaries for several machines are built in one run, and sha256sum finds them whole",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using directory = await TempDirectory.make();
    const { path } = directory;
    // Another version's binary is somebody else's, and so are its sums.
    await Deno.writeTextFile(directory.file("clasp-fed-0.0.1-x86_64-unknown-linux-gnu"), "old");
    const targets = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];
    const flags = targets.flatMap((target) => ["--target", target]);
    const { code, stderr } = await compile(["--out", path, ...flags], RUNTIME);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "2 built, sums of 2 files");
    const { code: sumsCode, stdout } = await new Deno.Command("sha256sum", {
      args: ["--check", "--strict", "SHA256SUMS"],
      cwd: path,
      env: { LC_ALL: "C" },
    }).output();
    const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
    assertEquals([sumsCode, lines.map((line) => line.replace(/-\d+\.\d+\.\d+-/, "-"))], [
      0,
      [...targets].sort().map((target) => `clasp-fed-${target}: OK`),
    ]);
  },
});

Deno.test("a dry run prints a command for each target, and makes nothing", async () => {
  await using directory = await TempDirectory.make();
  const out = `${directory.path}/none`;
  const { code, stdout, stderr } = await compile(["--all", "--dry-run", "--out", out], RUNTIME);
  assertEquals([code, stderr], [0, ""]);
  const lines = stdout.trimEnd().split("\n");
  assertEquals(lines.length, 6);
  for (const line of lines) {
    assertStringIncludes(line, "deno compile --allow-net --deny-import --no-prompt --target ");
    assertStringIncludes(line, `--output ${out}/clasp-fed-`);
  }
  assertEquals(await directory.names(), []);
});

Deno.test("a build that cannot have Deno's runtime says what it needs, and writes no sums", async () => {
  await using directory = await TempDirectory.make();
  const { path } = directory;
  const { code, stderr } = await compile(["--out", path], directory.file("none"));
  assert(code !== 0);
  assertStringIncludes(stderr, "DENORT_BIN set to a denort file");
  assertEquals(await directory.names(), []);
});

Deno.test("wrong flags of a build are told with its usage, exit code 2", async () => {
  const { code, stdout, stderr } = await compile(["--with-files", "state"], RUNTIME);
  assertEquals([code, stdout], [2, ""]);
  assertStringIncludes(stderr, "an absolute path is needed");
  assertStringIncludes(stderr, "Usage: deno task compile");
});
