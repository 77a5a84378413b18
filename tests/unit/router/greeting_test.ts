import { MESSAGE_BYTES_MAX, NAME_BYTES_MAX, TOKEN_BYTES_MAX } from "../../../src/limits.ts";
import { FEATURE, type Message } from "../../../src/wire/message.ts";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { codeOf, hello, set, TestRouter } from "./test_router.ts";

Deno.test("a client that says HELLO gets WELCOME and an empty SNAPSHOT", () => {
  const router = new TestRouter({ name: "desk", features: ["param", "event"] });
  const client = router.connect();
  client.send(hello());
  assertEquals(client.read(), [
    {
      type: "WELCOME",
      version: 1,
      features: FEATURE.param | FEATURE.event,
      timeMicros: router.wallMicros,
      session: "session-1",
      name: "desk",
      token: undefined,
      router: undefined,
    },
    { type: "SNAPSHOT", params: [] },
  ]);
  assertEquals(router.core.clientSessions, 1);
});

Deno.test("a client that comes later gets the whole state after WELCOME", () => {
  const router = new TestRouter();
  const first = router.client();
  first.send(set("/a", 1));
  first.send(set("/b", "x"));
  const second = router.connect();
  second.send(hello());
  const [welcome, snapshot] = second.read();
  assertEquals(welcome?.type, "WELCOME");
  assertEquals(
    snapshot?.type === "SNAPSHOT" && snapshot.params.map(({ address, revision, writer }) => [
      address,
      revision,
      writer,
    ]),
    [["/a", 1, "router"], ["/b", 1, "router"]],
  );
});

Deno.test("a connection that says nothing for 10 s is told so and closed", () => {
  const router = new TestRouter();
  const client = router.connect();
  router.advance(9_999);
  assertEquals(client.closed, undefined);
  router.advance(1);
  assertEquals(codeOf(client.readOne()), 101);
  assertEquals(client.closed?.code, 1008);
  assertEquals(router.core.connections, 0);
});

Deno.test("what is no CLASP message is refused before HELLO, and the connection closed", () => {
  const router = new TestRouter();
  const sends: readonly ((id: number) => void)[] = [
    (id) => router.core.receivedText(id, router.nowMicros),
    (id) => router.core.received(id, new Uint8Array(MESSAGE_BYTES_MAX + 1), router.nowMicros),
  ];
  for (const send of sends) {
    const client = router.connect();
    send(client.id);
    assertEquals(codeOf(client.readOne()), 100);
    assertEquals(client.closed?.code, 1008);
  }
});

Deno.test("the name in HELLO is measured in bytes, as its bound is", () => {
  const router = new TestRouter();
  const client = router.connect();
  client.send({ ...hello(), name: "€".repeat(NAME_BYTES_MAX) } as Message);
  assertEquals(codeOf(client.readOne()), 101);
});

Deno.test("a client that said HELLO is not closed after 10 s", () => {
  const router = new TestRouter();
  const client = router.client();
  router.advance(60_000);
  assertEquals([client.read(), client.closed], [[], undefined]);
});

Deno.test("a connection whose first message is not HELLO is closed, and nothing is done", () => {
  const router = new TestRouter();
  const client = router.connect();
  const error = client.ask(set("/a", 1));
  assertEquals(codeOf(error), 101);
  assertStringIncludes(error.type === "ERROR" ? error.message : "", "not SET");
  assertEquals(client.closed?.code, 1008);
  assertEquals(router.core.params.size, 0);
  client.send(hello());
  assertEquals(client.read(), []);
});

Deno.test("a connection that sends no CLASP is closed with ERROR 100 or 101", () => {
  const router = new TestRouter();
  for (
    const [code, bytes] of [[100, [1, 2, 3]], [100, [0x53, 0x42, 0, 1, 0x41]], [101, [
      0x53,
      1,
      0,
      1,
      0x7f,
    ]]] as const
  ) {
    const client = router.connect();
    client.sendBytes(Uint8Array.from(bytes));
    assertEquals(codeOf(client.readOne()), code);
    assertEquals(client.closed?.code, 1008);
  }
});

Deno.test("a client of another version than 1 is refused with 102", () => {
  for (const version of [0, 2, 255]) {
    const client = new TestRouter().connect();
    const answer = client.ask({ type: "HELLO", version, features: FEATURE.param, name: "x" });
    assertEquals(codeOf(answer), 102);
    assertEquals(client.closed?.code, 1008);
  }
});

Deno.test("a client whose name or token is too long is refused", () => {
  const long = { name: "n".repeat(NAME_BYTES_MAX + 1), token: "t".repeat(TOKEN_BYTES_MAX + 1) };
  for (const key of ["name", "token"] as const) {
    const client = new TestRouter().connect();
    const answer = client.ask({
      type: "HELLO",
      version: 1,
      features: 0,
      name: "x",
      [key]: long[key],
    });
    assertEquals(codeOf(answer), 101);
    const other = new TestRouter().connect();
    other.send({ type: "HELLO", version: 1, features: 0, name: "x", [key]: long[key].slice(1) });
    assertEquals(other.read()[0]?.type, "WELCOME");
  }
});

Deno.test("a peer is treated as a client by a router that does not federate", () => {
  const router = new TestRouter();
  const client = router.connect();
  client.send({
    type: "HELLO",
    version: 1,
    features: FEATURE.federation | FEATURE.envelope,
    name: "leaf",
    router: { routerId: "leaf", bootId: 1, timeMicros: 0, timed: false },
  });
  const [welcome] = client.read();
  assertEquals(welcome?.type === "WELCOME" && welcome.features & FEATURE.federation, 0);
  assertEquals(welcome?.type === "WELCOME" && welcome.router, undefined);
  const answer = client.ask({
    type: "FEDERATION_SYNC",
    op: "DeclareNamespaces",
    patterns: ["/a/**"],
    revisions: [],
  });
  assertEquals(codeOf(answer), 403);
  assertStringIncludes(answer.type === "ERROR" ? answer.message : "", "--features federation");
});
