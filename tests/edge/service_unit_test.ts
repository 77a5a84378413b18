import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { withDeadline } from "../support/deadline.ts";
import { freePorts } from "../support/free_ports.ts";
import { runCommand, startServer } from "../support/process.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const UNIT = Deno.readTextFileSync(new URL("../../scripts/clasp-fed.service", import.meta.url));
/** Ten times the exposure that systemd-analyze may see; 100 is a service that may do everything. */
const EXPOSURE_MAX = 20;
const DEADLINE_MS = 20_000;
const HAS_SYSTEMD = isThere("systemd-analyze");

if (!HAS_SYSTEMD) {
  console.log("scripts/clasp-fed.service is not verified: there is no systemd-analyze here");
}

function isThere(command: string): boolean {
  try {
    return new Deno.Command(command, { args: ["--version"], stdout: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What systemd-analyze says of the unit, with a binary that exists everywhere. */
async function analyze(args: readonly string[]): Promise<{ code: number; text: string }> {
  await using directory = await TempDirectory.make();
  const path = directory.file("clasp-fed.service");
  await Deno.writeTextFile(path, UNIT.replace("/usr/local/bin/clasp-fed", "/bin/true"));
  const { code, stdout, stderr } = await new Deno.Command("systemd-analyze", {
    args: [...args, path],
    env: { SYSTEMD_COLORS: "0", SYSTEMD_PAGER: "" },
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stderr) + decoder.decode(stdout) };
}

/** The values of a setting of the unit. */
function settings(name: string): string[] {
  return UNIT.split("\n").filter((line) => line.startsWith(`${name}=`))
    .map((line) => line.slice(name.length + 1));
}

/** The command of a setting as systemd hands it to the kernel, but for the words in quotes. */
function shellText(command: string): string {
  const [, quoted = ""] = /^-\/usr\/bin\/timeout 60 \/bin\/bash -c '([^']*)'$/.exec(command) ?? [];
  return quoted.replaceAll("\\\\", "\\").replaceAll("$$", "$");
}

Deno.test({
  name: "the systemd unit has nothing that systemd does not understand",
  ignore: !HAS_SYSTEMD,
  fn: async () => {
    assertEquals(await analyze(["verify"]), { code: 0, text: "" });
  },
});

Deno.test({
  name: "the systemd unit leaves the service little to do harm with",
  ignore: !HAS_SYSTEMD,
  fn: async () => {
    const args = ["security", "--offline=true", "--no-pager", `--threshold=${EXPOSURE_MAX}`];
    const { code, text } = await analyze(args);
    assertEquals(code, 0, text.split("\n").slice(-4).join("\n"));
  },
});

Deno.test("the systemd unit lets V8 compile, reloads by SIGHUP, and may write state only", () => {
  assertEquals(settings("MemoryDenyWriteExecute"), []);
  assertEquals(settings("ExecReload"), ["/bin/kill -HUP $MAINPID"]);
  assertEquals(settings("ProtectSystem"), ["strict"]);
  assertEquals(settings("DynamicUser"), ["yes"]);
  assertEquals([settings("ReadWritePaths"), settings("StateDirectory")], [[], ["clasp-fed"]]);
  // The directories that the binary is built with are those of the service.
  const [head = ""] = UNIT.split("[Unit]");
  for (const path of ["/etc/clasp-fed", "/var/lib/clasp-fed", "/var/lib/private/clasp-fed"]) {
    assert(head.includes(`--with-files ${path}`), path);
  }
});

Deno.test({
  name: "the systemd unit holds back what comes behind it until the router is ready",
  ignore: Deno.build.os !== "linux" || !isThere("bash"),
  fn: async () => {
    const [hubPort = 0] = freePorts(1);
    const hubUrl = `ws://127.0.0.1:${hubPort}`;
    await using leaf = await startServer(["--federation-hub", hubUrl, "--federation-id", "site-a"]);
    const [command = ""] = settings("ExecStartPost");
    const text = shellText(command);
    assertMatch(text, /^until .*\/127\.0\.0\.1\/7330 .*done$/);
    const waiting = new Deno.Command("bash", {
      args: ["-c", text.replace("7330", String(leaf.port))],
      stdin: "null",
    }).spawn();
    try {
      const first = await Promise.race([waiting.status, answerForAWhile(leaf.port)]);
      assertEquals(first, "not ready");
      await using hub = await startServer([
        ...["--features", "federation", "--federation-id", "hub", "--port", String(hubPort)],
      ]);
      assertEquals((await withDeadline(waiting.status, DEADLINE_MS, "its end")).code, 0);
      await hub.stop();
    } finally {
      await stopped(waiting);
    }
  },
});

Deno.test({
  name: "files behind a link, as those of a dynamic user are, need both directories",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using directory = await TempDirectory.make();
    const [link, target] = [directory.file("link"), directory.file("private")];
    await Deno.mkdir(target);
    await Deno.symlink(target, link);
    const args = ["token", "create", "--file", `${link}/show.tokens`, "--scopes", "read:/**"];
    const permissions = (paths: string) => [`--allow-read=${paths}`, `--allow-write=${paths}`];
    const both = await runCommand(args, { permissions: permissions(`${link},${target}`) });
    assertEquals(both.code, 0, both.stderr);
    const one = await runCommand(args, { permissions: permissions(link) });
    assertEquals(one.code, 1);
  },
});

/** How a leaf without a hub answers, for longer than the loop waits between two questions. */
async function answerForAWhile(port: number): Promise<string> {
  let isOk = false;
  for (const endMs = performance.now() + 1_200; performance.now() < endMs;) {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    await response.body?.cancel();
    isOk = response.ok;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return isOk ? "ready" : "not ready";
}

async function stopped(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // It has ended already.
    if (!(error instanceof TypeError)) throw error;
  }
  await child.status;
}
