import type { SigningKey } from "../../src/edge/auth/signing_key.ts";
import { Client } from "../../src/edge/client.ts";
import { ClientError } from "../../src/edge/client_error.ts";
import { Router } from "../../src/edge/router.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../support/assert.ts";
import { chainText, testKey } from "../support/capability_tokens.ts";
import { withDeadline } from "../support/deadline.ts";
import { pollUntil } from "../support/poll_until.ts";
import { runCommand, type ServerProcess, startServer } from "../support/process.ts";
import { Clasp, SilencedConsole } from "../support/public_client.ts";

const DEADLINE_MS = 10_000;
const HOUR_SECONDS = 3_600;

/** Signs tokens as an operator with one root key and a key for each site would. */
class Operator {
  readonly #root: SigningKey;

  private constructor(root: SigningKey) {
    this.#root = root;
  }

  static async create(): Promise<Operator> {
    return new Operator(await testKey(77));
  }

  get anchor(): string {
    return this.#root.publicKey;
  }

  /** A token that the root key issued itself. */
  async token(scopes: readonly string[], lifeSeconds: number = HOUR_SECONDS): Promise<string> {
    return await chainText({ key: this.#root, scopes, expiresAtSeconds: inSeconds(lifeSeconds) });
  }

  /** A token that a site delegated, by its own key, from what the root key gave to it. */
  async siteToken(site: number, scopes: readonly string[]): Promise<string> {
    const claims = { scopes, expiresAtSeconds: inSeconds(HOUR_SECONDS) };
    return await chainText({ key: this.#root, ...claims }, { key: await testKey(site), ...claims });
  }
}

function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1_000) + seconds;
}

async function startLeaf(
  hub: ServerProcess,
  id: string,
  options: { readonly token?: string; readonly owns?: string; readonly imports?: string },
): Promise<ServerProcess> {
  const { token, owns, imports } = options;
  return await startServer([
    ...["--federation-hub", hub.url, "--federation-id", id],
    ...(token === undefined ? [] : ["--federation-token", token]),
    ...(owns === undefined ? [] : ["--federation-namespaces", owns]),
    ...(imports === undefined ? [] : ["--federation-import", imports]),
  ]);
}

async function uplinkState(leaf: ServerProcess, state: string): Promise<string> {
  const line = await leaf.log(
    (line) => line["event"] === "uplink" && line["state"] === state,
    `the uplink ${state}`,
  );
  return String(line["message"] ?? JSON.stringify(line));
}

async function codeOf(act: Promise<unknown>): Promise<number> {
  return (await assertRejects(() => act, ClientError)).code;
}

async function untilGot(client: Client, address: string, value: unknown): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  await client.subscribe(address, (update) => {
    if (update.kind === "param" && update.value === value) resolve();
  });
  await withDeadline(promise, DEADLINE_MS, `${address} to be ${value}`);
}

Deno.test("three routers federate by capability tokens, each within its scopes", async (t) => {
  const operator = await Operator.create();
  const siteA = await operator.siteToken(8, ["write:/site-a/**", "read:/site-b/**"]);
  const siteB = await operator.siteToken(9, ["write:/site-b/**", "read:/site-a/**"]);
  await using hub = await startServer([
    ...["--features", "federation", "--federation-id", "hub", "--trust-anchor", operator.anchor],
  ]);
  await using a = await startLeaf(hub, "site-a", {
    token: siteA,
    owns: "/site-a/**",
    imports: "/site-b/**",
  });
  await using b = await startLeaf(hub, "site-b", {
    token: siteB,
    owns: "/site-b/**",
    imports: "/site-a/**",
  });
  await Promise.all([a, b].map((leaf) => uplinkState(leaf, "Active")));
  await using atA = new Closing(await Client.connect(a.url));
  await using atB = new Closing(await Client.connect(b.url));

  await t.step("what a site sets reaches the others", async () => {
    await atA.client.set("/site-a/fader", 1);
    await untilGot(atB.client, "/site-a/fader", 1);
    await atB.client.set("/site-b/fader", 2);
    await untilGot(atA.client, "/site-b/fader", 2);
  });

  await t.step("a site writes nothing at another one, nor at the hub", async () => {
    assertEquals(await codeOf(atB.client.set("/site-a/fader", 9)), 403);
    assertEquals(await codeOf(atB.client.set("/house/fader", 9)), 403);
    assertEquals(await atA.client.get("/site-a/fader"), 1);
  });

  await t.step("a client at the hub needs a token, and does what it allows", async () => {
    assertEquals(await codeOf(Client.connect(hub.url)), 300);
    const forged = `${(await operator.token(["admin:/**"])).slice(0, -8)}AAAAAAAA`;
    assertEquals(await codeOf(Client.connect(hub.url, { token: forged })), 300);
    const token = await operator.token(["read:/site-a/**"]);
    await using at = new Closing(await Client.connect(hub.url, { token }));
    assertEquals(await at.client.get("/site-a/fader"), 1);
    assertEquals(await codeOf(at.client.get("/site-b/fader")), 301);
    assertEquals(await codeOf(at.client.set("/site-a/fader", 9)), 301);
    assertEquals(await codeOf(at.client.publish("/site-a/cue")), 301);
    assertEquals(await codeOf(at.client.subscribe("/**", () => {})), 301);
  });

  await t.step("the command line shows its token", async () => {
    const args = ["get", "/site-a/fader", "--server", hub.url];
    const refused = await runCommand(args);
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.stderr, "token");
    const token = await operator.token(["read:/site-a/*"]);
    const { code, stdout } = await runCommand([...args, "--token", token]);
    assertEquals([code, stdout.trim()], [0, "1.0"]);
  });

  await t.step("the public client shows its token, and is shown what it allows", async () => {
    using _silenced = new SilencedConsole();
    const token = await operator.token(["read:/site-a/**", "write:/panel/**"]);
    const panel = new Clasp(hub.url, { name: "panel", token, reconnect: false });
    const seen: string[] = [];
    panel.on("/site-a/**", (_value, address) => seen.push(address));
    await withDeadline(panel.connect(), DEADLINE_MS, "the public client's connection");
    await pollUntil(() => seen.includes("/site-a/fader"), "the first value", DEADLINE_MS);
    panel.set("/site-a/fader", 9);
    panel.set("/panel/1", 1);
    assertEquals(await withDeadline(panel.get("/panel/1"), DEADLINE_MS, "its own param"), 1);
    assertEquals(await atA.client.get("/site-a/fader"), 1);
    assertEquals(panel.cached("/site-b/fader"), undefined);
    panel.close();
  });

  await t.step("a leaf without a token, or with another's router id, gives up", async () => {
    await using stranger = await startLeaf(hub, "stranger", {});
    assertStringIncludes(await uplinkState(stranger, "Failed"), "300");
    await using thief = await startLeaf(hub, "site-a", { token: siteB, owns: "/site-b/x/**" });
    assertStringIncludes(await uplinkState(thief, "Failed"), "belongs to another credential");
    await using greedy = await startLeaf(hub, "greedy", { token: siteB, owns: "/site-c/**" });
    assertStringIncludes(await uplinkState(greedy, "Failed"), "/site-c/**");
    assertEquals(await atA.client.get("/site-b/fader"), 2);
  });
});

Deno.test("a session ends with its token", async () => {
  const operator = await Operator.create();
  const router = new Router({ security: { trustAnchors: [operator.anchor] } });
  const { port } = router.listen({ port: 0, hostname: "127.0.0.1" });
  const token = await operator.token(["admin:/**"], 2);
  const client = await Client.connect(`ws://127.0.0.1:${port}`, { token });
  await client.set("/a", 1);
  assertStringIncludes(
    await withDeadline(client.closed, DEADLINE_MS, "the end of the session"),
    "expired",
  );
  assertEquals(await codeOf(Client.connect(`ws://127.0.0.1:${port}`, { token })), 302);
  await client.close();
  await router.stop();
});

/** A client that is closed at the end of a test. */
class Closing implements AsyncDisposable {
  readonly client: Client;

  constructor(client: Client) {
    this.client = client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}
