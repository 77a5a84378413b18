import { encodeValue } from "../../src/wire/value_codec.ts";
import { SIGNAL } from "../../src/wire/message.ts";
import { assertEquals, assertGreaterOrEqual, assertStringIncludes } from "../support/assert.ts";
import { runCommand, type ServerProcess, startServer } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const DEADLINE_MS = 20_000;
/** Where Deno writes each permission that a process asks for, granted or not. */
const AUDIT_VARIABLE = "DENO_AUDIT_PERMISSIONS";

Deno.test("a server with traffic and federation asks for net and for nothing else", async () => {
  const directory = await Deno.makeTempDir({ prefix: "clasp-fed-audit-" });
  try {
    // A log each: two processes would overwrite each other's lines.
    const logs = { hub: `${directory}/hub`, leaf: `${directory}/leaf` };
    await using hub = await startAudited(logs.hub, ["--features", "federation"]);
    await using leaf = await startAudited(logs.leaf, [
      "--federation-hub",
      hub.url,
      "--federation-namespaces",
      "/site-a/**",
    ]);
    await passTraffic(hub, leaf);
    // Stopping asks for nothing more, either.
    assertEquals((await leaf.stop()).code, 0);
    assertEquals((await hub.stop()).code, 0);
    // The leaf dials, beside listening.
    await assertOnlyNet(logs.hub, 1);
    await assertOnlyNet(logs.leaf, 2);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a server that keeps params asks for the directory of their file, and says so", async () => {
  await using directory = await TempDirectory.make();
  const { path } = directory;
  const args = ["server", "--port", "0", "--host", "127.0.0.1", "--persist", `${path}/state`];
  const [read, write] = [`--allow-read="${path}"`, `--allow-write="${path}"`];
  const cases = [
    [[], `add ${read} ${write} to deno run`],
    [[`--allow-read=${path}`], `add ${write} to deno run`],
    [[`--allow-write=${path}`], `add ${read} to deno run`],
    [[`--allow-read=${path}/state`, `--allow-write=${path}/state`], `add ${read} ${write}`],
  ] as const;
  for (const [given, wanted] of cases) {
    const { code, stderr } = await runCommand(args, { permissions: ["--allow-net", ...given] });
    assertEquals(code, 1);
    assertStringIncludes(stderr, `clasp-fed: Cannot keep params in "${path}/state": permission`);
    assertStringIncludes(stderr, wanted);
    assertEquals(stderr.trim().split("\n").length, 1);
  }
  assertEquals(await directory.names(), []);
});

Deno.test("two servers with one state file: the second says why it ends", async () => {
  await using directory = await TempDirectory.make();
  const persist = ["--persist", directory.file("state")];
  const permissions = ["--allow-net", "--allow-read", "--allow-write"];
  await using _first = await startServer(persist, { permissions });
  const second = await runCommand(["server", "--port", "0", ...persist], { permissions });
  assertEquals(second.code, 1);
  assertStringIncludes(second.stderr, "another router does, which is running");
});

async function startAudited(log: string, args: readonly string[]): Promise<ServerProcess> {
  const before = Deno.env.get(AUDIT_VARIABLE);
  Deno.env.set(AUDIT_VARIABLE, log);
  try {
    return await startServer(args);
  } finally {
    if (before === undefined) Deno.env.delete(AUDIT_VARIABLE);
    else Deno.env.set(AUDIT_VARIABLE, before);
  }
}

async function assertOnlyNet(log: string, countMin: number): Promise<void> {
  const text = await Deno.readTextFile(log);
  const asked = text.trim().split("\n").map((line) => JSON.parse(line).permission);
  assertGreaterOrEqual(asked.length, countMin, text);
  assertEquals(new Set(asked), new Set(["net"]), text);
}

/** Values and events both ways, an error, and a page for a browser. */
async function passTraffic(hub: ServerProcess, leaf: ServerProcess): Promise<void> {
  await using atHub = await RawClient.connect(hub.port);
  await using atLeaf = await RawClient.connect(leaf.port);
  for (const client of [atHub, atLeaf]) {
    await client.ask({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0 });
  }
  await atLeaf.set("/site-a/value", encodeValue(1));
  const has = (client: RawClient, value: string) => () =>
    client.all("SET").some(({ address }) => address === value);
  await atHub.until(has(atHub, "/site-a/value"), "a value of the leaf", DEADLINE_MS);
  await atHub.set("/hub/value", encodeValue(2));
  await atLeaf.until(has(atLeaf, "/hub/value"), "a value of the hub", DEADLINE_MS);
  await atHub.ask({ type: "PUBLISH", address: "/cue", signal: SIGNAL.event, phase: 0 });
  await atLeaf.until(() => atLeaf.all("PUBLISH").length > 0, "an event", DEADLINE_MS);
  await atLeaf.ask({ type: "GET", address: "/nothing" });
  const response = await fetch(`http://127.0.0.1:${hub.port}/`);
  await response.body?.cancel();
}
