import { encodeValue } from "../../src/wire/value_codec.ts";
import { SIGNAL } from "../../src/wire/message.ts";
import { assertEquals, assertGreaterOrEqual } from "../support/assert.ts";
import { type ServerProcess, startServer } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";

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
