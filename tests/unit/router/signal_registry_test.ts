import {
  DEFINITION_KEPT_MS,
  DEFINITION_TEXT_BYTES_MAX,
  DEFINITIONS_MAX,
  DEFINITIONS_OF_LINKS_MAX,
  DEFINITIONS_PER_SESSION_MAX,
  OUTBOX_SOURCES_MAX,
} from "../../../src/limits.ts";
import { SignalRegistry } from "../../../src/router/signal_registry.ts";
import { ROUTER_CORE_DEFAULTS } from "../../../src/router/router_config.ts";
import { type Message, QOS, SIGNAL, type SignalDefinition } from "../../../src/wire/message.ts";
import { assertEquals, assertLess, assertStringIncludes } from "../../support/assert.ts";
import { codeOf, type TestConnection, TestRouter } from "./test_router.ts";

const CONFIRM = { qos: QOS.confirm } as const;
const LINK = { kind: "leaf", id: "a" } as const;

Deno.test("QUERY answers what was announced, by pattern", () => {
  const router = new TestRouter();
  const desk = router.client();
  const fader: SignalDefinition = {
    address: "/desk/fader/1",
    signal: SIGNAL.param,
    datatype: "f32",
    access: "rw",
  };
  desk.send(announce(fader, definition("/desk/go", { signal: SIGNAL.event })));
  assertEquals(desk.read(), []);
  const panel = router.client();
  assertEquals(panel.ask({ type: "QUERY", pattern: "/desk/fader/*" }), result(fader));
  assertEquals(queried(panel, "/desk/go"), ["/desk/go"]);
  assertEquals(queried(panel, "/**"), ["/desk/fader/1", "/desk/go"]);
});

Deno.test("QUERY of what nobody announced answers one empty RESULT", () => {
  const client = new TestRouter().client();
  assertEquals(client.ask({ type: "QUERY", pattern: "/a" }), result());
  assertEquals(client.ask({ type: "QUERY", pattern: "/**" }), result());
  assertEquals(codeOf(client.ask({ type: "QUERY", pattern: "a/**" })), 202);
});

Deno.test("ANNOUNCE is acknowledged with its namespace when its QoS asks for that", () => {
  const client = new TestRouter().client();
  client.send(announce(definition("/a")));
  assertEquals(client.read(), []);
  const acknowledged = client.ask(announce(definition("/a")), CONFIRM);
  assertEquals(acknowledged.type === "ACK" && acknowledged.address, "/desk");
});

Deno.test("what RESULT has no room for is not kept", () => {
  const client = new TestRouter().client();
  client.send(announce({ ...definition("/a"), meta: { unit: "dB" } }));
  assertEquals(client.ask({ type: "QUERY", pattern: "/a" }), result(definition("/a")));
});

Deno.test("a session replaces its own definitions, address by address", () => {
  const client = new TestRouter().client();
  client.send(announce(definition("/a"), definition("/b")));
  client.send(announce(definition("/a", { datatype: "i64" })));
  assertEquals(
    client.ask({ type: "QUERY", pattern: "/*" }),
    result(definition("/a", { datatype: "i64" }), definition("/b")),
  );
});

Deno.test("of two sessions that announce an address the newest that is there is shown", () => {
  const router = new TestRouter();
  const [a, b] = [router.client(), router.client()];
  a.send(announce(definition("/x", { datatype: "a" })));
  b.send(announce(definition("/x", { datatype: "b" })));
  assertEquals(datatypeAt(a, "/x"), "b");
  b.leave();
  assertEquals(datatypeAt(a, "/x"), "a");
});

Deno.test("of several sources that are there the nearest is shown, whoever told it last", () => {
  const router = new TestRouter();
  const { signals } = router.core;
  const HUB = { kind: "hub", id: "" } as const;
  const shown = () => signals.best("/x")?.definition.datatype;
  signals.announce("s", [definition("/x", { datatype: "here" })]);
  signals.offered(LINK, definition("/x", { datatype: "a" }));
  signals.offered({ kind: "leaf", id: "b" }, definition("/x", { datatype: "b" }));
  signals.offered(HUB, definition("/x", { datatype: "above" }));
  assertEquals(shown(), "here");
  signals.sourceLost({ kind: "session", id: "s" });
  assertEquals(shown(), "a");
  signals.sourceLost(LINK);
  assertEquals(shown(), "b");
  signals.withdrawn({ kind: "leaf", id: "b" }, "/x");
  assertEquals(shown(), "above");
  signals.withdrawn(HUB, "/x");
  assertEquals(shown(), "here");
});

Deno.test("a definition outlives its session by an hour, and then goes", () => {
  const router = new TestRouter();
  const [desk, panel] = [router.client(), router.client()];
  desk.send(announce(definition("/a")));
  router.advance(DEFINITION_KEPT_MS + 60_000);
  assertEquals(queried(panel, "/**"), ["/a"]);
  desk.leave();
  router.advance(DEFINITION_KEPT_MS - 1_000);
  assertEquals(queried(panel, "/**"), ["/a"]);
  router.advance(10_000);
  assertEquals(queried(panel, "/**"), []);
  assertEquals(router.core.signals.size, 0);
});

Deno.test("a client that is back again and again takes the room of one", () => {
  const router = new TestRouter();
  for (let round = 0; round < 10; round++) {
    const desk = router.client();
    desk.send(announce(definition("/a"), definition("/b")));
    desk.leave();
  }
  assertEquals(router.core.signals.size, 2);
});

Deno.test("ANNOUNCE with one bad definition changes nothing and says which", () => {
  const client = new TestRouter().client();
  const long = "x".repeat(DEFINITION_TEXT_BYTES_MAX + 1);
  const cases: readonly (readonly [SignalDefinition, number])[] = [
    [definition("no-slash"), 200],
    [definition("/a/*"), 200],
    [definition("/clasp/federation/link"), 403],
    [definition("/clasp/p2p/announce"), 403],
    [definition("/long", { datatype: long }), 402],
    [definition("/long", { access: long }), 402],
  ];
  for (const [bad, code] of cases) {
    const refused = client.ask(announce(definition("/good"), bad));
    assertEquals(codeOf(refused), code);
    assertEquals(refused.type === "ERROR" && refused.address, bad.address);
  }
  assertEquals(queried(client, "/**"), []);
});

Deno.test("a session announces as many definitions as it may, and no more", () => {
  const router = new TestRouter();
  const client = router.client();
  for (const part of chunks(definitions("/many", DEFINITIONS_PER_SESSION_MAX))) {
    client.send(announce(...part));
  }
  assertEquals(client.read(), []);
  // What is there already takes no more room.
  client.send(announce(definition("/many/0", { datatype: "i64" })));
  assertEquals(client.read(), []);
  const refused = client.ask(announce(definition("/one-more")));
  assertEquals(codeOf(refused), 429);
  assertStringIncludes(refused.type === "ERROR" ? refused.message : "", "this session");
  assertEquals(router.core.signals.size, DEFINITIONS_PER_SESSION_MAX);
  assertEquals(datatypeAt(client, "/many/0"), "i64");
});

Deno.test("a router that is full forgets what lost its session longest ago, then refuses", () => {
  const router = new TestRouter();
  const { signals } = router.core;
  const perSession = DEFINITIONS_PER_SESSION_MAX;
  const sessions = DEFINITIONS_MAX / perSession;
  for (let index = 0; index < sessions; index++) {
    assertEquals(signals.announce(`s${index}`, definitions(`/s${index}`, perSession)), undefined);
  }
  assertEquals(signals.announce("late", [definition("/late")])?.code, 429);
  signals.sourceLost({ kind: "session", id: "s3" });
  router.advance(10_000);
  signals.sourceLost({ kind: "session", id: "s1" });
  assertEquals(signals.announce("late", [definition("/late")]), undefined);
  assertEquals(signals.best("/s3/0"), undefined);
  assertEquals(signals.best("/s1/0")?.definition.address, "/s1/0");
  assertEquals(signals.size, DEFINITIONS_MAX - perSession + 1);
});

Deno.test("links leave room for the router's own clients", () => {
  const { signals } = new TestRouter().core;
  for (const offered of definitions("/far", DEFINITIONS_OF_LINKS_MAX)) {
    assertEquals(signals.offered(LINK, offered), undefined);
  }
  assertEquals(signals.offered(LINK, definition("/far/more"))?.code, 503);
  // What is known already is no more.
  assertEquals(signals.offered(LINK, definition("/far/0", { datatype: "x" })), undefined);
  assertEquals(signals.announce("s", [definition("/here")]), undefined);
  signals.withdrawn(LINK, "/far/0");
  assertEquals(signals.offered(LINK, definition("/far/more")), undefined);
  assertEquals(signals.size, DEFINITIONS_OF_LINKS_MAX + 1);
});

Deno.test("definitions of a lost source are forgotten unless they are told again", () => {
  const router = new TestRouter();
  const { signals } = router.core;
  signals.offered(LINK, definition("/kept"));
  signals.offered(LINK, definition("/gone"));
  signals.sourceLost(LINK, 30_000);
  signals.offered(LINK, definition("/kept"));
  router.advance(40_000);
  assertEquals([...signals.addresses()], ["/kept"]);
});

Deno.test("a source that is lost again before it told anything is kept as one that is lost", () => {
  const router = new TestRouter();
  const { signals } = router.core;
  signals.offered(LINK, definition("/a"));
  signals.sourceLost(LINK, 30_000);
  signals.sourceLost(LINK);
  router.advance(DEFINITION_KEPT_MS - 10_000);
  assertEquals([...signals.addresses()], ["/a"]);
  router.advance(20_000);
  assertEquals([...signals.addresses()], []);
});

Deno.test("a long answer comes in full frames, its first as full as can be", () => {
  const router = new TestRouter();
  const { signals } = router.core;
  const all = definitions("/an/address/of/some/length", 5_000);
  assertEquals(signals.announce("s", all), undefined);
  const client = router.client();
  client.send({ type: "QUERY", pattern: "/an/**" });
  router.advance(100);
  const frames = client.readBytes();
  const sizes = frames.map(({ length }) => length - 4);
  assertEquals(sizes.slice(0, -1).every((size) => size > 65_000 && size <= 65_535), true);
  client.send({ type: "QUERY", pattern: "/an/**" });
  router.advance(100);
  assertEquals(addressesOf(client.read()), all.map(({ address }) => address));
});

Deno.test("a QUERY among many definitions does not hold up the router", () => {
  const router = new TestRouter();
  const { signals } = router.core;
  for (let index = 0; index < 8; index++) {
    signals.announce(`s${index}`, definitions(`/s${index}`, DEFINITIONS_PER_SESSION_MAX));
  }
  const client = router.client();
  client.send({ type: "QUERY", pattern: "/s7/4999" });
  assertEquals(addressesOf(client.read()), ["/s7/4999"]);
  client.send({ type: "QUERY", pattern: "/*/4999" });
  assertEquals(client.read(), []);
  router.advance(100);
  assertEquals(addressesOf(client.read()).length, 8);
});

Deno.test("a client that reads no answers may ask a bounded number of times", () => {
  const router = new TestRouter();
  const client = router.client();
  router.port.buffered.set(client.id, ROUTER_CORE_DEFAULTS.outboxHighWaterBytes);
  for (let count = 0; count <= OUTBOX_SOURCES_MAX; count++) {
    client.send({ type: "QUERY", pattern: "/**" });
  }
  router.port.buffered.clear();
  router.advance(100);
  const answers = client.read();
  // What refuses one does not wait behind the others.
  assertEquals(answers.slice(0, 1).map(codeOf), [429]);
  assertEquals(answers.slice(1).map(({ type }) => type), Array(OUTBOX_SOURCES_MAX).fill("RESULT"));
});

Deno.test("room is made in one go, however many sessions have left definitions behind", () => {
  const registry = new SignalRegistry({ nowMicros: 0, after: () => {} });
  for (let n = 0; n < DEFINITIONS_MAX; n++) {
    registry.announce(`gone-${n}`, [definition(`/gone/${n}`)]);
    registry.sourceLost({ kind: "session", id: `gone-${n}` });
  }
  let looks = 0;
  registry.observer = () => looks++;
  const count = 2_000;
  const definitions = Array.from({ length: count }, (_, n) => definition(`/new/${n}`));
  const startMs = performance.now();
  assertEquals(registry.announce("new", definitions), undefined);
  assertEquals([registry.size, looks], [DEFINITIONS_MAX, 2 * count]);
  // It took seconds when each was looked for among all.
  assertLess(performance.now() - startMs, 3_000);
});

Deno.test("room is made of what a link has not told again, though it told the first again", () => {
  const registry = new SignalRegistry({ nowMicros: 0, after: () => {} });
  for (let n = 0; n < DEFINITIONS_OF_LINKS_MAX; n++) {
    registry.offered(LINK, definition(`/link/${n}`));
  }
  for (let n = DEFINITIONS_OF_LINKS_MAX; n < DEFINITIONS_MAX; n++) {
    registry.announce(`session-${n}`, [definition(`/own/${n}`)]);
  }
  registry.sourceLost(LINK);
  registry.offered(LINK, definition("/link/0"));
  assertEquals(registry.announce("new", [definition("/new")]), undefined);
  assertEquals([registry.best("/link/0") !== undefined, registry.best("/link/1")], [
    true,
    undefined,
  ]);
});

Deno.test("sessions that take each other's place leave nothing behind", () => {
  let planned = 0;
  const registry = new SignalRegistry({ nowMicros: 0, after: () => planned++ });
  for (let n = 0; n < 5; n++) {
    registry.announce(`s${n}`, [definition("/a")]);
    registry.sourceLost({ kind: "session", id: `s${n}` });
  }
  assertEquals([registry.size, registry.sourcesLost, planned], [1, 1, 1]);
});

function definition(address: string, what: Partial<SignalDefinition> = {}): SignalDefinition {
  return { address, signal: SIGNAL.param, datatype: undefined, access: undefined, ...what };
}

function definitions(root: string, count: number): SignalDefinition[] {
  return Array.from({ length: count }, (_, index) => definition(`${root}/${index}`));
}

function chunks(all: readonly SignalDefinition[]): SignalDefinition[][] {
  const parts: SignalDefinition[][] = [];
  for (let start = 0; start < all.length; start += 1_000) {
    parts.push(all.slice(start, start + 1_000));
  }
  return parts;
}

function announce(...signals: readonly SignalDefinition[]): Message {
  return { type: "ANNOUNCE", namespace: "/desk", signals };
}

function result(...signals: readonly SignalDefinition[]): Message {
  return {
    type: "RESULT",
    signals: signals.map((signal) => ({
      address: signal.address,
      signal: signal.signal,
      datatype: signal.datatype,
      access: signal.access,
      meta: undefined,
    })),
  };
}

function addressesOf(messages: readonly Message[]): string[] {
  return messages.flatMap((message) =>
    message.type === "RESULT" ? message.signals.map(({ address }) => address) : []
  );
}

function queried(client: TestConnection, pattern: string): string[] {
  return addressesOf([client.ask({ type: "QUERY", pattern })]);
}

function datatypeAt(client: TestConnection, address: string): string | undefined {
  const answer = client.ask({ type: "QUERY", pattern: address });
  return answer.type === "RESULT" ? answer.signals[0]?.datatype : undefined;
}
