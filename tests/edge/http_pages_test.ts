import { Client, Router } from "../../mod.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { ALL_SIGNALS, FEATURE } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { withDeadline } from "../support/deadline.ts";
import { freePorts } from "../support/free_ports.ts";
import { LocalRouter } from "../support/local_router.ts";
import { RawClient } from "../support/raw_client.ts";
import { RawWebSocket } from "../support/raw_websocket.ts";

const DEADLINE_MS = 10_000;
const LOCAL = "127.0.0.1";
/** 300 of them are more than the kernel's buffers take on this machine's loopback. */
const LARGE = encodeValue(new Uint8Array(60_000));
const HELLO_AND_SUBSCRIBE = [
  encodeFrame({ type: "HELLO", version: 1, features: FEATURE.param, name: "slow" }),
  encodeFrame({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: ALL_SIGNALS }),
] as const;

/** One request, its answer read to the end. */
async function ask(
  port: number,
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(`http://${LOCAL}:${port}${path}`, init);
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** Looks at a page until it has a status. */
async function untilStatus(port: number, path: string, status: number): Promise<string> {
  const endMs = performance.now() + DEADLINE_MS;
  for (;;) {
    const answer = await ask(port, path);
    if (answer.status === status) return answer.text;
    if (performance.now() > endMs) {
      throw new Error(`${path} was never ${status}, but ${answer.status}: ${answer.text}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A request as it is written, for what fetch does not let be said. */
async function askRaw(port: number, request: string): Promise<string> {
  using connection = await Deno.connect({ hostname: LOCAL, port });
  await connection.write(new TextEncoder().encode(request));
  let text = "";
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(65_536);
  for (let read = await connection.read(bytes); read !== null;) {
    text += decoder.decode(bytes.subarray(0, read), { stream: true });
    read = await connection.read(bytes);
  }
  return text;
}

Deno.test("a router alone is alive and ready, and says what it is", async () => {
  await using router = new LocalRouter({ name: "booth" });
  const { port } = router;
  assertEquals((await ask(port, "/healthz")).text, "ok\n");
  assertEquals((await ask(port, "/readyz")).text, "ready\n");
  const { status, text, headers } = await ask(port, "/status");
  assertEquals([status, headers.get("content-type")], [200, "application/json; charset=utf-8"]);
  const facts = JSON.parse(text);
  assertEquals(
    [facts.name, facts.mode, facts.routerId, facts.ready, facts.notReady, facts.security],
    ["booth", "router", router.router.routerId, true, "", "open"],
  );
  assertEquals([facts.links, facts.claims, facts.federation], [[], [], []]);
  assertEquals(facts.history, undefined);
  assert(Array.isArray(JSON.parse((await ask(port, "/status?history=1")).text).history.messagesIn));
});

Deno.test("pages are only read, of known paths, and by no other origin", async () => {
  await using router = new LocalRouter();
  const { port } = router;
  for (const path of ["/", "/healthz", "/readyz", "/status", "/metrics"]) {
    const got = await ask(port, path);
    assertEquals(got.status, 200, path);
    for (const [name, value] of [["cache-control", "no-store"], ["x-frame-options", "DENY"]]) {
      assertEquals(got.headers.get(name ?? ""), value, `${path} ${name}`);
    }
    assertEquals(got.headers.get("access-control-allow-origin"), null);
    const head = await ask(port, path, { method: "HEAD" });
    assertEquals([head.status, head.text], [200, ""], path);
    assertEquals(head.headers.get("content-type"), got.headers.get("content-type"));
    assert(Number(head.headers.get("content-length")) > 0, path);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const refused = await ask(port, path, { method });
      assertEquals([refused.status, refused.headers.get("allow")], [405, "GET, HEAD"]);
    }
  }
  for (const path of ["/statuses", "/status/", "/..%2fstatus", "/favicon.ico"]) {
    const unknown = await ask(port, path);
    assertEquals(unknown.status, 404, path);
    assertStringIncludes(unknown.text, "/healthz, /readyz, /status, /metrics");
  }
});

Deno.test("WebSockets open on any path beside the pages", async () => {
  await using router = new LocalRouter();
  for (const path of ["/", "/status", "/any/where"]) {
    const client = await Client.connect(`ws://${LOCAL}:${router.port}${path}`);
    await client.set("/a", 1);
    await client.close();
  }
});

Deno.test("without pages a router answers as if it had never heard of them", async () => {
  await using router = new LocalRouter({ httpPages: false });
  for (const path of ["/", "/healthz", "/status"]) {
    assertEquals((await ask(router.port, path)).status, 426, path);
  }
});

Deno.test("a name that an attacker's page may have pointed here shows nothing", async () => {
  await using router = new LocalRouter();
  const asked = (path: string, host: string, more = "") =>
    askRaw(
      router.port,
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`,
    );
  for (const path of ["/", "/status", "/metrics"]) {
    const refused = await asked(path, "evil.example");
    assertStringIncludes(refused, "HTTP/1.1 403 ");
    assertStringIncludes(refused, "--allow-origin http://evil.example");
    for (const host of [`${LOCAL}:${router.port}`, "router.local", "booth", "localhost:1"]) {
      assertStringIncludes(await asked(path, host), "HTTP/1.1 200 ");
    }
  }
  // A balancer may ask by whatever name.
  assertStringIncludes(await asked("/readyz", "evil.example"), "HTTP/1.1 200 ");
  // No page can set this header.
  const program = "Sec-Clasp-Program: prometheus\r\n";
  assertStringIncludes(await asked("/metrics", "hub.example", program), "HTTP/1.1 200 ");
});

Deno.test("a leaf is ready when its hub came and the first sync is done, and stays so", async () => {
  const [hubPort = 0] = freePorts(1);
  const leafConfig = (routerId: string) => ({
    routerId,
    mode: { type: "leaf", hubEndpoint: `ws://u:secret@${LOCAL}:${hubPort}` },
    ownedNamespaces: [`/${routerId}/**`],
  } as const);
  await using leaf = new LocalRouter({ federation: leafConfig("site-a") });
  await using eager = new LocalRouter({
    federation: leafConfig("site-b"),
    readyWithoutHub: true,
  });
  const waiting = await ask(leaf.port, "/readyz");
  assertEquals(waiting.status, 503);
  assertStringIncludes(waiting.text, "waiting for the first sync with the hub");
  assertEquals(waiting.text.includes("secret"), false);
  assertEquals(waiting.text.trim().split("\n").length, 1);
  assertEquals((await ask(leaf.port, "/healthz")).status, 200);
  assertEquals((await ask(eager.port, "/readyz")).status, 200);
  const before = await ask(leaf.port, "/status");
  const { ready, links } = JSON.parse(before.text);
  assertEquals([ready, links[0].role], [false, "hub"]);
  assertEquals(before.text.includes("secret"), false);

  const hub = new Router({ federation: { routerId: "hub" } });
  hub.listen({ port: hubPort, hostname: LOCAL });
  try {
    assertEquals(await untilStatus(leaf.port, "/readyz", 200), "ready\n");
    const facts = JSON.parse((await ask(leaf.port, "/status")).text);
    assertEquals([facts.path, facts.links[0].peer], [["site-a", "hub"], "hub"]);
    assertEquals(facts.links[0].state, "Active");
    assertEquals(facts.claims.find(({ owner }: { owner: string }) => owner === "site-a"), {
      ...{ pattern: "/site-a/**", owner: "site-a", live: true, way: "self", via: "site-a" },
    });
  } finally {
    await hub.stop();
  }
  assertEquals((await ask(leaf.port, "/readyz")).status, 200);
});

Deno.test("one router's status tells of all: links, claims, rates and the reason of a loss", async () => {
  await using hub = new LocalRouter({ federation: { routerId: "hub" } });
  const site = (routerId: string) =>
    new LocalRouter({
      federation: {
        routerId,
        mode: { type: "leaf", hubEndpoint: `ws://${LOCAL}:${hub.port}` },
        ownedNamespaces: [`/${routerId}/**`],
      },
    });
  await using siteA = site("site-a");
  const siteB = site("site-b");
  await untilStatus(siteA.port, "/readyz", 200);
  await untilStatus(siteB.port, "/readyz", 200);
  const writer = await Client.connect(`ws://${LOCAL}:${siteB.port}`);
  for (let i = 0; i < 20; i++) await writer.set("/site-b/fader", i);
  type Facts = {
    links: { peer: string; state: string; reason: string; totals: { updatesIn: number } }[];
    federation: { router: string; hub: string; state: string; reason: string }[];
    claims: { owner: string; live: boolean; way: string; via: string }[];
    sessions: number;
  };
  const factsOf = async (port: number): Promise<Facts> =>
    JSON.parse((await ask(port, "/status")).text);
  const until = async (port: number, isMet: (facts: Facts) => boolean): Promise<Facts> => {
    const endMs = performance.now() + DEADLINE_MS;
    for (;;) {
      const facts = await factsOf(port);
      if (isMet(facts)) return facts;
      if (performance.now() > endMs) throw new Error(`In vain: ${JSON.stringify(facts)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const atHub = await until(
    hub.port,
    ({ links }) => (links.find(({ peer }) => peer === "site-b")?.totals.updatesIn ?? 0) >= 20,
  );
  assertEquals(atHub.links.map(({ peer }) => peer).sort(), ["site-a", "site-b"]);
  const atA = await until(siteA.port, ({ federation }) => federation.length === 2);
  assertEquals(atA.federation.map(({ router, hub }) => [router, hub]).sort(), [
    ["site-a", "hub"],
    ["site-b", "hub"],
  ]);
  assertEquals(atA.claims.find(({ owner }) => owner === "site-b"), {
    ...{ pattern: "/site-b/**", owner: "site-b", live: true, way: "hub", via: "hub" },
  });
  assertEquals((await factsOf(siteB.port)).sessions, 1);
  await writer.close();
  await siteB.router.stop("Power is switched off");
  const isAway = ({ federation, claims }: Facts) =>
    federation.some(({ router, state }) => router === "site-b" && state === "Disconnected") &&
    claims.some(({ owner, live }) => owner === "site-b" && !live);
  const after = await until(siteA.port, isAway);
  const shown = after.federation.find(({ router }) => router === "site-b");
  assertEquals(shown?.reason, "Power is switched off");
});

Deno.test("while a router drains it is neither healthy nor ready, and says so", async () => {
  await using router = new LocalRouter();
  using slow = await RawWebSocket.connect(router.port);
  await using writer = await RawClient.connect(router.port);
  // One that has not said HELLO is served at once; one for whom much waits is not.
  assertEquals(slow.status, 101);
  await slow.send(0x2, HELLO_AND_SUBSCRIBE[0]);
  await slow.send(0x2, HELLO_AND_SUBSCRIBE[1]);
  for (let i = 0; i < 300; i++) writer.send({ type: "SET", address: `/flood/${i}`, value: LARGE });
  await writer.until(() => writer.all("ACK").length === 300, "all ACKs", DEADLINE_MS);
  const stopped = router.router.stop("Going home", { drainTimeoutMs: 1_500 });
  for (const path of ["/healthz", "/readyz"]) {
    const { status, text } = await ask(router.port, path);
    assertEquals([status, text], [503, "draining: the router is stopping\n"], path);
  }
  assertEquals(JSON.parse((await ask(router.port, "/status")).text).state, "draining");
  await withDeadline(stopped, DEADLINE_MS, "the stop");
});
