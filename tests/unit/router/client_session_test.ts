import { SUBSCRIPTIONS_PER_SESSION_MAX } from "../../../src/limits.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import {
  ALL_SIGNALS,
  type Message,
  PHASE,
  type PublishMessage,
  QOS,
  SIGNAL,
} from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { codeOf, hello, set, TestRouter } from "./test_router.ts";

const FIRE = { qos: QOS.fire } as const;
const COMMIT = { qos: QOS.commit } as const;

Deno.test("SET is acknowledged with revisions 1, 2, 3", () => {
  const client = new TestRouter().client();
  for (const revision of [1, 2, 3]) {
    assertEquals(client.ask(set("/a", revision)), ack({ address: "/a", revision }));
  }
  assertEquals(client.ask(set("/b", 1)), ack({ address: "/b", revision: 1 }));
});

Deno.test("Fire gets no ACK, Confirm and Commit get one", () => {
  const client = new TestRouter().client();
  const messages: readonly Message[] = [
    set("/a", 1),
    { type: "SUBSCRIBE", id: 1, pattern: "/x/**", types: ALL_SIGNALS },
    event("/e"),
    { type: "UNSUBSCRIBE", id: 1 },
    { type: "BUNDLE", messages: [set("/b", 1)] },
  ];
  for (const message of messages) {
    client.send(message, FIRE);
    assertEquals(client.read(), [], message.type);
    for (const options of [{ qos: QOS.confirm }, COMMIT]) {
      assertEquals(client.ask(message, options).type, "ACK", message.type);
    }
  }
});

Deno.test("a SET that is refused is answered even when it came with Fire", () => {
  const client = new TestRouter().client();
  client.send(set("no-slash", 1), FIRE);
  assertEquals(codeOf(client.readOne()), 200);
});

Deno.test("an expected revision of 0 means that the address must be new", () => {
  const client = new TestRouter().client();
  assertEquals(client.ask(set("/a", 1, { revision: 0 })), ack({ address: "/a", revision: 1 }));
  const refused = client.ask(set("/a", 2, { revision: 0 }));
  assertEquals(codeOf(refused), 400);
  assertEquals(refused.type === "ERROR" && refused.address, "/a");
});

Deno.test("an expected revision that matches is written, another is refused and changes nothing", () => {
  const router = new TestRouter();
  const client = router.client();
  client.ask(set("/a", 1));
  assertEquals(client.ask(set("/a", 2, { revision: 1 })), ack({ address: "/a", revision: 2 }));
  for (const revision of [1, 3]) {
    assertEquals(codeOf(client.ask(set("/a", 9, { revision }))), 400);
  }
  assertEquals(router.core.params.get("/a")?.value, encodeValue(2));
  assertEquals(codeOf(client.ask(set("/new", 9, { revision: 1 }))), 400);
  assertEquals(router.core.params.get("/new"), undefined);
});

Deno.test("a locked param is written by its holder only, until it unlocks", () => {
  const router = new TestRouter();
  const [holder, other] = [router.client(), router.client()];
  assertEquals(
    holder.ask(set("/a", 1, { lock: true })),
    ack({ address: "/a", revision: 1, locked: true, holder: "session-1" }),
  );
  assertEquals(codeOf(other.ask(set("/a", 2))), 401);
  assertEquals(codeOf(other.ask(set("/a", 2, { lock: true }))), 401);
  assertEquals(codeOf(other.ask(set("/a", 2, { unlock: true }))), 401);
  holder.ask(set("/a", 3));
  assertEquals(
    holder.ask(set("/a", 4, { unlock: true })),
    ack({ address: "/a", revision: 3 }),
  );
  assertEquals(other.ask(set("/a", 5)), ack({ address: "/a", revision: 4 }));
});

Deno.test("a session that ends gives back its locks", () => {
  const router = new TestRouter();
  const [holder, other] = [router.client(), router.client()];
  holder.ask(set("/a", 1, { lock: true }));
  holder.leave();
  assertEquals(other.ask(set("/a", 2)), ack({ address: "/a", revision: 2 }));
});

Deno.test("a session that ends is told nothing more and counts no more", () => {
  const router = new TestRouter();
  const [writer, reader] = [router.client(), router.client()];
  reader.subscribe("/**");
  assertEquals(router.core.clientSessions, 2);
  reader.leave();
  writer.ask(set("/a", 1));
  assertEquals(reader.read(), []);
  assertEquals(router.core.clientSessions, 1);
  assertEquals(router.core.subscriptions.targets("/a"), []);
  reader.leave();
  assertEquals(router.core.clientSessions, 1);
});

Deno.test("a change reaches every subscriber once, the writer too, with its revision and TTL", () => {
  const router = new TestRouter();
  const [writer, reader, bystander] = [router.client(), router.client(), router.client()];
  for (const pattern of ["/a", "/**", "/*", "/a/**"]) reader.subscribe(pattern);
  writer.subscribe("/a");
  bystander.subscribe("/b/**");
  writer.send(set("/a", 1.5, { ttl: 30 }), FIRE);
  const expected: Message = {
    type: "SET",
    address: "/a",
    value: encodeValue(1.5),
    revision: 1,
    lock: false,
    unlock: false,
    ttl: 30,
  };
  assertEquals(reader.read(), [expected]);
  assertEquals(writer.read(), [expected]);
  assertEquals(bystander.read(), []);
});

Deno.test("lock flags and the expected revision of a writer are not passed on", () => {
  const router = new TestRouter();
  const [writer, reader] = [router.client(), router.client()];
  reader.subscribe("/a");
  writer.ask(set("/a", 1));
  reader.read();
  writer.ask(set("/a", 2, { lock: true, revision: 1 }));
  const change = reader.readOne();
  assert(change.type === "SET");
  assertEquals([change.lock, change.revision], [false, 2]);
});

Deno.test("SUBSCRIBE sends what is there, then ACK with its pattern", () => {
  const router = new TestRouter();
  const client = router.client();
  client.ask(set("/a/1", 1));
  client.ask(set("/a/2", 2));
  client.ask(set("/b/1", 3));
  client.send({ type: "SUBSCRIBE", id: 1, pattern: "/a/*", types: ALL_SIGNALS });
  const [snapshot, answer, ...rest] = client.read();
  assert(snapshot?.type === "SNAPSHOT");
  assertEquals(snapshot.params.map(({ address }) => address), ["/a/1", "/a/2"]);
  assertEquals(answer, ack({ address: "/a/*" }));
  assertEquals(rest, []);
  // Nothing to send is no SNAPSHOT.
  assertEquals(
    client.ask({ type: "SUBSCRIBE", id: 2, pattern: "/c", types: ALL_SIGNALS }),
    ack({ address: "/c" }),
  );
});

Deno.test("SUBSCRIBE to a single address sends that param only", () => {
  const client = new TestRouter().client();
  client.ask(set("/a/1", 1));
  client.ask(set("/a/2", 2));
  client.send({ type: "SUBSCRIBE", id: 1, pattern: "/a/2", types: ALL_SIGNALS });
  const [snapshot] = client.read();
  assert(snapshot?.type === "SNAPSHOT");
  assertEquals(snapshot.params.map(({ address }) => address), ["/a/2"]);
});

Deno.test("a subscription gets the kinds of signal that it asked for, 0 meaning all", () => {
  const cases = [
    { types: 1 << SIGNAL.param, gets: ["SNAPSHOT", "SET"] },
    { types: 1 << SIGNAL.event, gets: ["PUBLISH"] },
    { types: 1 << SIGNAL.stream, gets: [] },
    { types: (1 << SIGNAL.param) | (1 << SIGNAL.event), gets: ["SNAPSHOT", "SET", "PUBLISH"] },
    { types: 0, gets: ["SNAPSHOT", "SET", "PUBLISH"] },
  ];
  for (const { types, gets } of cases) {
    const router = new TestRouter();
    const [writer, reader] = [router.client(), router.client()];
    writer.ask(set("/a", 1));
    reader.send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types }, FIRE);
    writer.send(set("/a", 2), FIRE);
    writer.send(event("/a"), FIRE);
    assertEquals(reader.read().map(({ type }) => type), gets, `types ${types}`);
  }
});

Deno.test("the same subscription id again replaces, and UNSUBSCRIBE ends it", () => {
  const router = new TestRouter();
  const [writer, reader] = [router.client(), router.client()];
  reader.send({ type: "SUBSCRIBE", id: 1, pattern: "/a", types: ALL_SIGNALS }, FIRE);
  reader.send({ type: "SUBSCRIBE", id: 1, pattern: "/b", types: ALL_SIGNALS }, FIRE);
  writer.send(set("/a", 1), FIRE);
  assertEquals(reader.read(), []);
  writer.send(set("/b", 1), FIRE);
  assertEquals(reader.readOne().type, "SET");
  assertEquals(reader.ask({ type: "UNSUBSCRIBE", id: 1 }), ack({}));
  writer.send(set("/b", 2), FIRE);
  assertEquals(reader.read(), []);
  // One that is not there is no mistake.
  assertEquals(reader.ask({ type: "UNSUBSCRIBE", id: 99 }), ack({}));
});

Deno.test("a pattern that is none is refused with 202", () => {
  const client = new TestRouter().client();
  for (const pattern of ["a", "/a//b", "/a/**b", ""]) {
    const answer = client.ask({ type: "SUBSCRIBE", id: 1, pattern, types: ALL_SIGNALS });
    assertEquals(codeOf(answer), 202, pattern);
  }
});

Deno.test("a session has a bounded number of subscriptions, and may replace beyond it", () => {
  const client = new TestRouter().client();
  for (let id = 0; id < SUBSCRIPTIONS_PER_SESSION_MAX; id++) {
    client.send({ type: "SUBSCRIBE", id, pattern: `/s/${id}`, types: ALL_SIGNALS }, FIRE);
  }
  assertEquals(client.read(), []);
  const more: Message = {
    type: "SUBSCRIBE",
    id: SUBSCRIPTIONS_PER_SESSION_MAX,
    pattern: "/more",
    types: ALL_SIGNALS,
  };
  assertEquals(codeOf(client.ask(more)), 429);
  assertEquals(client.ask({ ...more, id: 0 }).type, "ACK");
  client.send({ type: "UNSUBSCRIBE", id: 1 }, FIRE);
  assertEquals(client.ask(more).type, "ACK");
});

Deno.test("PUBLISH reaches the other subscribers with its bytes untouched, and not the sender", () => {
  const router = new TestRouter();
  const [sender, reader] = [router.client(), router.client()];
  sender.subscribe("/**");
  reader.subscribe("/e");
  const publications: readonly PublishMessage[] = [
    event("/e"),
    {
      type: "PUBLISH",
      address: "/e",
      signal: SIGNAL.gesture,
      phase: PHASE.end,
      id: 3,
      timestampMicros: 5,
    },
    { type: "PUBLISH", address: "/e", signal: SIGNAL.stream, phase: 0, samples: [1, 2], rate: 50 },
    { type: "PUBLISH", address: "/e", signal: SIGNAL.timeline, phase: 0, value: encodeValue([1]) },
  ];
  for (const publication of publications) {
    const frame = encodeFrame(publication, { qos: QOS.fire, timestampMicros: 77 });
    sender.sendBytes(frame);
    assertEquals(reader.readBytes(), [frame]);
    assertEquals(sender.read(), []);
  }
});

Deno.test("bytes behind the first frame of a client's message are ignored, not passed on", () => {
  const router = new TestRouter();
  const [sender, reader] = [router.client(), router.client()];
  reader.subscribe("/e");
  const frame = encodeFrame(event("/e"), FIRE);
  sender.sendBytes(Uint8Array.from([...frame, ...frame]));
  assertEquals(reader.readBytes(), [frame]);
});

Deno.test("a PUBLISH of a param is refused: params are SET", () => {
  const client = new TestRouter().client();
  const answer = client.ask({ type: "PUBLISH", address: "/a", signal: SIGNAL.param, phase: 0 });
  assertEquals(codeOf(answer), 101);
});

Deno.test("GET answers with the param, or 201", () => {
  const router = new TestRouter();
  const client = router.client();
  client.ask(set("/a", 1));
  assertEquals(client.ask({ type: "GET", address: "/a" }), {
    type: "SNAPSHOT",
    params: [{
      address: "/a",
      value: encodeValue(1),
      revision: 1,
      writer: "router",
      timestampMicros: router.wallMicros,
    }],
  });
  const missing = client.ask({ type: "GET", address: "/b" });
  assertEquals(codeOf(missing), 201);
  assertEquals(missing.type === "ERROR" && missing.address, "/b");
  assertEquals(codeOf(client.ask({ type: "GET", address: "/a/*" })), 200);
});

Deno.test("SET null stores null", () => {
  const client = new TestRouter().client();
  client.ask(set("/a", 1));
  client.ask(set("/a", null));
  const answer = client.ask({ type: "GET", address: "/a" });
  assertEquals(answer.type === "SNAPSHOT" && answer.params[0]?.value, encodeValue(null));
});

Deno.test("PING is answered with PONG, SYNC with the router's time", () => {
  const router = new TestRouter();
  const client = router.client();
  assertEquals(client.ask({ type: "PING" }), { type: "PONG" });
  router.advance(1_234);
  const timeMicros = router.wallMicros;
  assertEquals(client.ask({ type: "SYNC", t1: 42 }), {
    type: "SYNC",
    t1: 42,
    t2: timeMicros,
    t3: timeMicros,
  });
});

Deno.test("PONG, ACK and ERROR are never answered", () => {
  const client = new TestRouter().client();
  client.send({ type: "PONG" });
  client.send(ack({ address: "/a" }));
  client.send({ type: "ERROR", code: 500, message: "no" });
  assertEquals(client.read(), []);
});

Deno.test("what only routers say, or what is not done yet, is refused and the session goes on", () => {
  const client = new TestRouter().client();
  const cases: readonly (readonly [Message, number])[] = [
    [hello(), 101],
    [{ type: "WELCOME", version: 1, features: 0, timeMicros: 0, session: "s", name: "n" }, 101],
    [{ type: "SNAPSHOT", params: [] }, 101],
    [{ type: "RESULT", signals: [] }, 101],
    [{ type: "REPLAY", pattern: "/**", types: 0 }, 501],
    [{
      type: "FEDERATION_SYNC",
      op: "RequestSync",
      patterns: ["/**"],
      revisions: [],
    }, 403],
  ];
  for (const [message, code] of cases) {
    assertEquals(codeOf(client.ask(message)), code, message.type);
  }
  assertEquals(client.ask({ type: "PING" }), { type: "PONG" });
});

Deno.test("addresses that are none are refused with 200, those of routers with 403", () => {
  const router = new TestRouter();
  const client = router.client();
  for (const address of ["a", "/", "/a/*", "/a//b", "/a/\u0007"]) {
    assertEquals(codeOf(client.ask(set(address, 1))), 200, address);
    assertEquals(codeOf(client.ask(event(address))), 200, address);
  }
  for (const address of ["/clasp/federation", "/clasp/federation/peers/x"]) {
    assertEquals(codeOf(client.ask(set(address, 1))), 403, address);
    assertEquals(codeOf(client.ask(event(address))), 403, address);
  }
  assertEquals(router.core.params.size, 0);
  for (const address of ["/clasp/federations", "/clasp", "/x/clasp/federation"]) {
    assertEquals(client.ask(set(address, 1)).type, "ACK", address);
  }
});

Deno.test("an address as long as a frame is refused like any other", () => {
  const client = new TestRouter().client();
  const address = `/${"a".repeat(65_500)}`;
  for (
    const message of [
      set(address, 1),
      { type: "GET", address },
      event(address),
      { type: "PUBLISH", address, signal: SIGNAL.param, phase: 0 },
      { type: "SUBSCRIBE", id: 1, pattern: address, types: ALL_SIGNALS },
    ] as const
  ) {
    const answer = client.ask(message);
    assert(answer.type === "ERROR", message.type);
    assertEquals(answer.address, undefined);
  }
  assertEquals(client.ask({ type: "PING" }), { type: "PONG" });
});

Deno.test("a message that cannot be read is refused and the session goes on", () => {
  const client = new TestRouter().client();
  const frame = encodeFrame(set("/a", "text"));
  for (
    const [code, bytes] of [
      [100, Uint8Array.of(1, 2, 3, 4, 5)],
      [100, frame.subarray(0, frame.length - 1)],
      // Encoding 2, which nobody speaks.
      [100, Uint8Array.of(0x53, 0x42, 0, 1, 0x41)],
      [101, Uint8Array.of(0x53, 1, 0, 1, 0x7f)],
      [101, Uint8Array.of(0x53, 1, 0, 2, 0x21, 0)],
    ] as const
  ) {
    client.sendBytes(bytes);
    assertEquals(codeOf(client.readOne()), code);
  }
  assertEquals(client.ask({ type: "PING" }), { type: "PONG" });
});

Deno.test("a value with a lock that was never taken can be unlocked", () => {
  const client = new TestRouter().client();
  assertEquals(
    client.ask(set("/a", 1, { unlock: true })),
    ack({ address: "/a", revision: 1 }),
  );
});

Deno.test("a refusal says what could not be done and why", () => {
  const client = new TestRouter().client();
  client.ask(set("/a", 1));
  const answer = client.ask(set("/a", 1, { revision: 7 }));
  assert(answer.type === "ERROR");
  assertStringIncludes(answer.message, 'Cannot set "/a": revision 7 expected, it is 1');
});

function event(address: string): PublishMessage {
  return { type: "PUBLISH", address, signal: SIGNAL.event, phase: 0, value: encodeValue("go") };
}

function ack(fields: {
  readonly address?: string;
  readonly revision?: number;
  readonly locked?: boolean;
  readonly holder?: string;
}): Message {
  return {
    type: "ACK",
    address: undefined,
    revision: undefined,
    locked: undefined,
    holder: undefined,
    correlationId: undefined,
    ...fields,
  };
}
