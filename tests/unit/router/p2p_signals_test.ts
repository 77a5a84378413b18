import { p2pAddress } from "../../../src/router/p2p_address.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import { type Message, type PublishMessage, QOS, SIGNAL } from "../../../src/wire/message.ts";
import { encodeValue, type Value } from "../../../src/wire/value_codec.ts";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { codeOf, hello, set, type TestConnection, TestRouter } from "./test_router.ts";

const CONFIRM = { qos: QOS.confirm } as const;

interface Guest {
  readonly id: string;
  readonly client: TestConnection;
}

Deno.test("a signal reaches its session, subscribed or not, and nobody else", () => {
  const router = new TestRouter();
  const [a, b, c] = [guest(router), guest(router), guest(router)];
  for (const { client } of [a, c]) client.subscribe("/**");
  c.client.subscribe(`/clasp/p2p/signal/${b.id}`);
  const offer = signal(b.id, { type: "offer", from: a.id, sdp: "v=0", correlation_id: "1" });
  a.client.sendBytes(encodeFrame(offer, CONFIRM));
  assertEquals(a.client.read().map(({ type }) => type), ["ACK"]);
  // As it was written.
  assertEquals(b.client.readBytes(), [encodeFrame(offer, CONFIRM)]);
  assertEquals(c.client.read(), []);
});

Deno.test("a session that subscribes to its own signals gets each once", () => {
  const router = new TestRouter();
  const [a, b] = [guest(router), guest(router)];
  b.client.subscribe(`/clasp/p2p/signal/${b.id}`);
  a.client.send(signal(b.id, { from: a.id }));
  assertEquals(b.client.read().length, 1);
});

Deno.test("a signal to a session that is gone, or never was, is answered 404", () => {
  const router = new TestRouter();
  const [a, b] = [guest(router), guest(router)];
  const unknown = a.client.ask(signal("nobody", { from: a.id }));
  assertEquals(codeOf(unknown), 404);
  assertEquals(unknown.type === "ERROR" && unknown.address, "/clasp/p2p/signal/nobody");
  b.client.leave();
  assertEquals(codeOf(a.client.ask(signal(b.id, { from: a.id }), CONFIRM)), 404);
});

Deno.test("nobody signals in another session's name", () => {
  const router = new TestRouter();
  const [a, b] = [guest(router), guest(router)];
  for (const from of [b.id, "", null, 1, [a.id]]) {
    const refused = a.client.ask(signal(b.id, { from, type: "offer" }));
    assertEquals(codeOf(refused), 403);
    assertStringIncludes(refused.type === "ERROR" ? refused.message : "", a.id);
  }
  b.client.subscribe("/clasp/p2p/announce");
  assertEquals(codeOf(a.client.ask(announce({ session_id: b.id }))), 403);
  assertEquals(b.client.read(), []);
  // What names nobody is in nobody's name.
  for (const value of [{ type: "bye" }, "text", null]) a.client.send(signal(b.id, value));
  assertEquals(b.client.read().length, 3);
});

Deno.test("an announce reaches all others who listen", () => {
  const router = new TestRouter();
  const [a, b, c] = [guest(router), guest(router), guest(router)];
  for (const { client } of [a, b]) client.subscribe("/clasp/p2p/announce");
  const said = announce({ session_id: a.id, p2p_capable: true, features: ["webrtc"] });
  assertEquals(a.client.ask(said, CONFIRM).type, "ACK");
  assertEquals(b.client.readBytes(), [encodeFrame(said, CONFIRM)]);
  assertEquals([...a.client.read(), ...c.client.read()], []);
});

Deno.test("nothing but single signals gets to the addresses of signalling", () => {
  const router = new TestRouter();
  const [a, b] = [guest(router), guest(router)];
  b.client.subscribe("/**");
  const there = `/clasp/p2p/signal/${b.id}`;
  const cases: readonly Message[] = [
    set(there, { from: b.id }),
    set("/clasp/p2p/announce", { session_id: b.id }),
    { type: "BUNDLE", messages: [set(there, 1)] },
    { type: "BUNDLE", messages: [signal(b.id, { from: b.id })] },
    { type: "BUNDLE", messages: [announce({ session_id: b.id })] },
    { ...signal(b.id, {}), address: "/clasp/p2p/signal" },
    { ...signal(b.id, {}), address: `${there}/more` },
  ];
  for (const message of cases) assertEquals(codeOf(a.client.ask(message)), 403);
  assertEquals(codeOf(a.client.ask({ ...signal(b.id, {}), signal: SIGNAL.param })), 101);
  assertEquals(b.client.read(), []);
});

Deno.test("other addresses below /clasp/p2p are ordinary ones", () => {
  const router = new TestRouter();
  const [a, b] = [guest(router), guest(router)];
  b.client.subscribe("/clasp/**");
  a.client.send({ ...signal("", { from: "anyone" }), address: "/clasp/p2p/other" });
  assertEquals(b.client.read().length, 1);
  assertEquals(p2pAddress("/clasp/p2p/announce/1"), undefined);
  assertEquals(p2pAddress("/clasp/p2p/signals/1"), undefined);
});

function guest(router: TestRouter): Guest {
  const client = router.connect();
  client.send(hello());
  const [welcome] = client.read();
  return { client, id: welcome?.type === "WELCOME" ? welcome.session : "" };
}

function signal(session: string, value: Value): PublishMessage {
  return {
    type: "PUBLISH",
    address: `/clasp/p2p/signal/${session}`,
    signal: SIGNAL.event,
    phase: 0,
    value: encodeValue(value),
  };
}

function announce(value: Value): PublishMessage {
  return { ...signal("", value), address: "/clasp/p2p/announce" };
}
