import { ALL_SIGNALS, type Message, PHASE, QOS, SIGNAL } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { FakeAuthenticator, type FakeToken } from "./fake_authenticator.ts";
import { codeOf, hello, set, type TestConnection, TestRouter } from "./test_router.ts";

const ALL: FakeToken = { scopes: ["admin:/**"] };
const SITE: FakeToken = { scopes: ["write:/site/**", "read:/house/lights/*"] };

function guarded(): TestRouter {
  const router = new TestRouter({}, {
    authenticator: new FakeAuthenticator({ all: ALL, site: SITE }),
  });
  const all = router.clientWith("all");
  for (const address of ["/site/a", "/house/lights/1", "/house/lights/1/raw", "/house/doors/1"]) {
    all.send(set(address, 1));
  }
  all.leave();
  return router;
}

function publish(address: string): Message {
  return {
    type: "PUBLISH",
    address,
    signal: SIGNAL.event,
    phase: PHASE.start,
    value: encodeValue(1),
  };
}

function subscribe(pattern: string, id: number = 1): Message {
  return { type: "SUBSCRIBE", id, pattern, types: ALL_SIGNALS };
}

function addresses(messages: readonly Message[]): string[] {
  return messages.flatMap((message) =>
    message.type === "SNAPSHOT" ? message.params.map(({ address }) => address) : []
  ).sort();
}

/** Sends, and expects one ERROR with this code. */
function refused(client: TestConnection, message: Message, code: number): void {
  const answer = client.ask(message, { qos: QOS.confirm });
  assertEquals(codeOf(answer), code, JSON.stringify(message));
}

Deno.test("a client sets and publishes where its token lets it write, and nowhere else", () => {
  const router = guarded();
  const client = router.clientWith("site");
  const before = router.core.params.get("/house/lights/1");
  refused(client, set("/house/lights/1", 2), 301);
  refused(client, set("/house/lights/1", 2, { lock: true }), 301);
  refused(client, set("/sites/a", 2), 301);
  refused(client, publish("/house/cue"), 301);
  refused(client, publish("/clasp/p2p/announce"), 301);
  refused(client, publish("/clasp/p2p/signal/session-1"), 301);
  assertEquals(router.core.params.get("/house/lights/1"), before);
  assertEquals(router.core.locks.holder("/house/lights/1"), undefined);
  assertEquals(client.ask(set("/site/a", 2), { qos: QOS.confirm }).type, "ACK");
  assertEquals(client.ask(publish("/site/cue"), { qos: QOS.confirm }).type, "ACK");
});

Deno.test("a refusal names the address and the scope that is missing", () => {
  const error = guarded().clientWith("site").ask(set("/house/doors/1", 2));
  assertEquals(error.type === "ERROR" && error.address, "/house/doors/1");
  assertStringIncludes(error.type === "ERROR" ? error.message : "", "write:/house/doors/1");
});

Deno.test("nothing of a bundle is done when its sender may not do one message of it", () => {
  const router = guarded();
  const client = router.clientWith("site");
  for (const last of [set("/house/doors/1", 2), publish("/house/cue")]) {
    const messages = [set("/site/a", 5), last];
    refused(client, { type: "BUNDLE", messages }, 301);
    refused(client, { type: "BUNDLE", messages: [{ type: "BUNDLE", messages }] }, 301);
    const timestampMicros = router.wallMicros + 1_000_000;
    refused(client, { type: "BUNDLE", messages, timestampMicros }, 301);
  }
  assertEquals(router.core.bundles.waiting, 0);
  assertEquals(router.core.params.get("/site/a")?.revision, 1);
});

Deno.test("a scheduled bundle is not done when its sender's token is worth nothing by then", () => {
  for (const end of ["expired", "revoked", "good"] as const) {
    const authenticator = new FakeAuthenticator({ site: { ...SITE, expiresAtSeconds: 100 } });
    const router = new TestRouter({}, { authenticator });
    const client = router.clientWith("site");
    const timestampMicros = router.wallMicros + 10_000_000;
    client.send({ type: "BUNDLE", messages: [set("/site/a", 5)], timestampMicros });
    // Bundles outlive the sessions that sent them.
    client.leave();
    assertEquals(router.core.bundles.waiting, 1);
    if (end === "expired") authenticator.seconds = 100;
    if (end === "revoked") router.core.revoked("site", router.nowMicros);
    router.advance(11_000);
    assertEquals([router.core.bundles.waiting, router.core.params.size], [
      0,
      end === "good" ? 1 : 0,
    ]);
  }
});

Deno.test("a client gets what its token lets it read, and is told nothing of the rest", () => {
  const router = guarded();
  const client = router.clientWith("site");
  for (
    const address of ["/house/doors/1", "/house/lights/1/raw", "/never/set", "/clasp/federation/x"]
  ) {
    refused(client, { type: "GET", address }, 301);
  }
  assertEquals(client.ask({ type: "GET", address: "/site/a" }).type, "SNAPSHOT");
  assertEquals(client.ask({ type: "GET", address: "/house/lights/1" }).type, "SNAPSHOT");
  refused(client, { type: "GET", address: "/site/none" }, 201);
});

Deno.test("the snapshot after WELCOME shows what the token lets a client read", () => {
  const router = guarded();
  const client = router.connect();
  client.send({ ...hello(), token: "site" });
  router.answerTokens();
  assertEquals(addresses(client.read()), ["/house/lights/1", "/site/a"]);
});

Deno.test("a client subscribes what its read scopes cover as a whole, and nothing else", () => {
  const router = guarded();
  const client = router.clientWith("site");
  const beyond = [
    "/**",
    "/*",
    "/*/**",
    "/**/a",
    "/site*",
    "/site*/**",
    "/*/a",
    "/house/**",
    "/house/lights/**",
    "/house/lights/*/raw",
    "/house/*/1",
    "/house/lights",
    "/**/site/**",
    "/clasp/federation/**",
  ];
  for (const pattern of beyond) refused(client, subscribe(pattern), 301);
  for (const pattern of ["", "/", "//", "/site//**", "/site/**/", "site/**", "/site/***"]) {
    refused(client, subscribe(pattern), 202);
  }
  assertEquals(router.core.subscriptions.count({ paramChanged() {}, published() {} }), 0);
  assertEquals(router.core.subscriptions.subscribers, 0);
  const within = ["/site/**", "/site", "/site/**/a", "/site/*", "/site/a*/**", "/house/lights/*"];
  for (const [id, pattern] of within.entries()) {
    client.send(subscribe(pattern, id), { qos: QOS.confirm });
    assertEquals(client.read().at(-1)?.type, "ACK", pattern);
  }
});

Deno.test("a subscription that is refused leaves the one with its id as it was", () => {
  const router = guarded();
  const client = router.clientWith("site");
  client.send(subscribe("/site/**"));
  client.read();
  refused(client, subscribe("/**"), 301);
  const all = router.clientWith("all");
  all.send(set("/site/a", 7));
  all.send(set("/house/doors/1", 7));
  all.send(publish("/house/cue"));
  assertEquals(
    client.read().map((message) => "address" in message && message.address),
    ["/site/a"],
  );
});

Deno.test("dots in a pattern or an address are a segment like any other: they lead nowhere else", () => {
  const router = guarded();
  const client = router.clientWith("site");
  client.send(subscribe("/site/../house/**"), { qos: QOS.confirm });
  assertEquals(client.read().map(({ type }) => type), ["ACK"]);
  refused(client, { type: "GET", address: "/site/../house/doors/1" }, 201);
  client.send(set("/site/../house/doors/1", 9));
  client.read();
  router.clientWith("all").send(set("/house/doors/1", 8));
  assertEquals(client.read(), []);
  assertEquals(router.core.params.get("/house/doors/1")?.revision, 2);
});

Deno.test("the snapshot of a subscription shows what the token lets a client read", () => {
  const client = guarded().clientWith("site");
  client.send(subscribe("/house/lights/*"));
  assertEquals(addresses(client.read()), ["/house/lights/1"]);
});

Deno.test("a client announces where it may write, all or nothing, and is shown what it may read", () => {
  const router = guarded();
  const all = router.clientWith("all");
  const announce = (...texts: readonly string[]): Message => ({
    type: "ANNOUNCE",
    namespace: "/x",
    signals: texts.map((address) => ({ address, signal: SIGNAL.param })),
  });
  assertEquals(all.ask(announce("/house/doors/1", "/site/a"), { qos: QOS.confirm }).type, "ACK");
  const client = router.clientWith("site");
  refused(client, announce("/site/b", "/house/lights/1"), 301);
  const result = client.ask({ type: "QUERY", pattern: "/**" });
  assertEquals(
    result.type === "RESULT" && result.signals.map(({ address }) => address),
    ["/site/a"],
  );
});

Deno.test("FEDERATION_SYNC of an ordinary session is refused, whatever its token allows", () => {
  const client = guarded().clientWith("all");
  for (const op of ["DeclareNamespaces", "RequestSync", "RevisionVector"] as const) {
    refused(client, { type: "FEDERATION_SYNC", op, patterns: ["/**"], revisions: [] }, 403);
  }
});

Deno.test("a token without scopes lets its holder do nothing", () => {
  const authenticator = new FakeAuthenticator({ all: ALL, none: { scopes: [] } });
  const router = new TestRouter({}, { authenticator });
  router.clientWith("all").send(set("/a", 1));
  const client = router.connect();
  client.send({ ...hello(), token: "none" });
  router.answerTokens();
  assertEquals(addresses(client.read()), []);
  refused(client, { type: "GET", address: "/a" }, 301);
  refused(client, set("/a", 2), 301);
  refused(client, subscribe("/a"), 301);
});
