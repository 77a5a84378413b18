import {
  EVENT_LIFE_MAX_MS,
  FRAME_PAYLOAD_BYTES_MAX,
  LATEST_TIME_MICROS,
  NAME_BYTES_MAX,
  TIME_SEEN_MAX_MICROS,
} from "../../../src/limits.ts";
import { VERSION_NUMBER_MAX } from "../../../src/state/version.ts";
import { type ForwardMessage, type Message, SIGNAL } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { codeOf, set } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import {
  connectPeer,
  forwardEvent,
  forwardReply,
  forwardRequest,
  forwardVersion,
  type Frame,
  peerHello,
  registerHub,
  registerLeaf,
} from "./test_peer.ts";

function setUp(): {
  readonly hub: FederationNode;
  readonly leaf: ReturnType<typeof registerLeaf>;
} {
  const hub = new FederationNode({ routerId: "hub" });
  return { hub, leaf: registerLeaf(hub, "leaf", ["/leaf/**"]) };
}

Deno.test("an update inside a leaf's claims is kept as it was stamped, and told to clients", () => {
  const { hub, leaf } = setUp();
  const client = hub.client();
  client.subscribe("/**");
  const timestampMicros = hub.federation.timeMicros();
  const version = { origin: "below", revision: 7, timestampMicros, ttl: 30 };
  assertEquals(leaf.ask(...forwardVersion("update", "/leaf/a", version)), []);
  assertEquals(hub.core.params.get("/leaf/a"), { ...version, value: encodeValue(1) });
  const change = client.readOne();
  assert(change.type === "SET");
  assertEquals([change.revision, change.ttl], [7, 30]);
  assertEquals(
    hub.events.flatMap((event) => event.type === "remoteSet" ? [event.address, event.origin] : []),
    ["/leaf/a", "below"],
  );
});

Deno.test("whatever is forwarded before the leaf declared is refused and changes nothing", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = connectPeer(hub);
  leaf.send(peerHello("leaf"));
  leaf.read();
  const identity = { origin: "hub", bootId: 7, requestId: 1 };
  const contexts: readonly (readonly [ForwardMessage, Frame])[] = [
    forwardVersion("update", "/leaf/a"),
    forwardVersion("offer", "/leaf/a"),
    forwardRequest({ type: "SET", address: "/leaf/a", value: encodeValue(1) }),
    forwardEvent(event("/leaf/a")),
    forwardReply(identity, [set("/leaf/a", 1, { revision: 1 }), { timestampMicros: 1 }]),
  ];
  for (const frames of contexts) {
    assertEquals(leaf.ask(...frames).map(codeOf), [403], frames[0].kind);
  }
  assertEquals(hub.core.params.size, 0);
});

Deno.test("an update outside a leaf's claims is refused with its address, the rest of the batch applies", () => {
  const { hub, leaf } = setUp();
  const answers = leaf.ask(
    ...forwardVersion("update", "/other/a"),
    ...forwardVersion("update", "/leaf/a"),
    ...forwardVersion("update", "/leafs"),
  );
  assertEquals(
    answers.map((message) => message.type === "ERROR" && [message.code, message.address]),
    [[403, "/other/a"], [403, "/leafs"]],
  );
  assertEquals([hub.core.params.size, hub.core.params.get("/leaf/a")?.revision], [1, 1]);
  assertEquals(leaf.closed, undefined);
});

Deno.test("an offer is merged outside the claims too", () => {
  const { hub, leaf } = setUp();
  assertEquals(leaf.ask(...forwardVersion("offer", "/other/a", { revision: 3 })), []);
  assertEquals(hub.core.params.get("/other/a")?.revision, 3);
});

Deno.test("a hub's update is taken everywhere", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub", namespaces: ["/leaf/**"] });
  const hub = registerHub(leaf, "hub");
  hub.send(...forwardVersion("update", "/leaf/a"), ...forwardVersion("update", "/other/a"));
  assertEquals(hub.read(), []);
  assertEquals(leaf.core.params.size, 2);
});

const BAD_VERSIONS: readonly (readonly [string, number, readonly [ForwardMessage, Frame]])[] = [
  ["no revision", 101, forwardVersion("update", "/leaf/a", { revision: undefined })],
  ["no timestamp", 101, forwardVersion("update", "/leaf/a", { timestampMicros: undefined })],
  ["revision 0", 101, forwardVersion("update", "/leaf/a", { revision: 0 })],
  [
    "a revision above the bound",
    101,
    forwardVersion("update", "/leaf/a", { revision: VERSION_NUMBER_MAX + 1 }),
  ],
  [
    "a timestamp above the bound",
    101,
    forwardVersion("update", "/leaf/a", { timestampMicros: TIME_SEEN_MAX_MICROS + 1 }),
  ],
  ["an empty origin", 101, forwardVersion("update", "/leaf/a", { origin: "" })],
  [
    "an origin that is too long in bytes",
    101,
    forwardVersion("update", "/leaf/a", { origin: "é".repeat(NAME_BYTES_MAX / 2 + 1) }),
  ],
  ["an address that is none", 200, forwardVersion("offer", "leaf")],
  ["an address as long as a frame", 200, forwardVersion("offer", `/${"a".repeat(65_500)}`)],
  ["an address of routers", 403, forwardVersion("offer", "/clasp/federation/x")],
  [
    "a value that fits no SNAPSHOT",
    402,
    forwardVersion("update", "/leaf/a", {
      value: encodeValue(new Uint8Array(FRAME_PAYLOAD_BYTES_MAX - 50)),
    }),
  ],
];

for (const [what, code, frames] of BAD_VERSIONS) {
  Deno.test(`a version with ${what} is refused with ${code} and changes nothing`, () => {
    const { hub, leaf } = setUp();
    assertEquals(leaf.ask(...frames).map(codeOf), [code]);
    assertEquals(hub.core.params.size, 0);
    assertEquals(leaf.ask({ type: "PING" }), [{ type: "PONG" }]);
  });
}

Deno.test("the largest numbers that are taken can still be merged, and nothing is stamped past them", () => {
  const { hub, leaf } = setUp();
  const client = hub.client();
  client.subscribe("/**");
  const largest = { revision: VERSION_NUMBER_MAX, timestampMicros: TIME_SEEN_MAX_MICROS };
  leaf.send(...forwardVersion("update", "/leaf/a", { ...largest, origin: "a" }));
  leaf.send(...forwardVersion("update", "/leaf/a", { ...largest, origin: "b" }));
  leaf.send(...forwardVersion("offer", "/b", largest));
  assertEquals(hub.core.params.get("/leaf/a")?.revision, VERSION_NUMBER_MAX);
  const revisions = client.read().map((message) => message.type === "SET" && message.revision);
  assertEquals(revisions, [VERSION_NUMBER_MAX, VERSION_NUMBER_MAX, VERSION_NUMBER_MAX]);
  client.send(set("/b", 2));
  // Every peer would refuse what comes after it, and the routers would differ for ever.
  assertEquals(client.read().map(codeOf), [400]);
});

Deno.test("the latest time that a clock shows is followed by what every peer takes", () => {
  const { hub, leaf } = setUp();
  leaf.send(...forwardVersion("offer", "/b", { timestampMicros: LATEST_TIME_MICROS }));
  assertEquals(hub.client().ask(set("/b", 2)).type, "ACK");
  const timestampMicros = hub.core.params.get("/b")?.timestampMicros ?? 0;
  assert(timestampMicros > LATEST_TIME_MICROS && timestampMicros < TIME_SEEN_MAX_MICROS);
});

Deno.test("a link is shown by no version that its hub could not follow", () => {
  const { hub, leaf } = setUp();
  const address = "/clasp/federation/peers/x";
  const show = (timestampMicros: number) =>
    leaf.ask(...forwardVersion("offer", address, { timestampMicros })).map(codeOf);
  assertEquals([show(TIME_SEEN_MAX_MICROS), hub.core.params.get(address)], [[101], undefined]);
  // A leaf that had a wrong clock when it stamped is believed.
  assertEquals(show(LATEST_TIME_MICROS), []);
});

Deno.test("a version for which there is no room is refused with 503", () => {
  const hub = new FederationNode({ routerId: "hub", router: { paramsMax: 1 } });
  const leaf = registerLeaf(hub, "leaf", ["/leaf/**"]);
  assertEquals(leaf.ask(...forwardVersion("update", "/leaf/a")), []);
  assertEquals(leaf.ask(...forwardVersion("update", "/leaf/b")).map(codeOf), [503]);
});

Deno.test("a context that covers frames of another type is refused frame by frame", () => {
  const { hub, leaf } = setUp();
  const [update] = forwardVersion("update", "/leaf/a");
  const [events] = forwardEvent(event("/leaf/a"));
  const [request] = forwardRequest({ type: "SET", address: "/leaf/a", value: encodeValue(1) });
  const [reply] = forwardReply({ origin: "hub", bootId: 7, requestId: 1 }, { type: "PING" });
  for (const context of [update, events, request, reply]) {
    assertEquals(leaf.ask(context, { type: "PING" }).map(codeOf), [101], context.kind);
  }
  assertEquals(hub.core.params.size, 0);
});

Deno.test("a context whose frames are missing ends the link", () => {
  const { leaf } = setUp();
  assertEquals(leaf.ask(forwardVersion("update", "/leaf/a")[0]).map(codeOf), [100]);
  assertEquals(leaf.closed?.code, 1002);
});

Deno.test("an event reaches clients and other peers once, with its bytes and its remaining life", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", []);
  const other = registerLeaf(hub, "other", []);
  const client = hub.client();
  for (const peer of [leaf, other]) {
    peer.send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0xff });
  }
  client.subscribe("/e");
  const frames = forwardEvent(event("/e"), { sequence: 5, remainingLifeMs: 800 });
  assertEquals(leaf.ask(...frames), []);
  assertEquals(client.readOne().type, "PUBLISH");
  const [context, publish] = other.read();
  assertEquals(context, frames[0]);
  assertEquals(publish?.type === "PUBLISH" && publish.value, encodeValue("go"));
  // The same by another way.
  other.send(...frames);
  leaf.send(...frames);
  assertEquals([client.read(), leaf.read(), other.read()], [[], [], []]);
  leaf.send(...forwardEvent(event("/e"), { sequence: 6 }));
  assertEquals(client.read().length, 1);
});

Deno.test("an event is not given back to the router it comes from, nor taken back by it", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", []);
  const other = registerLeaf(hub, "other", []);
  const client = hub.client();
  client.subscribe("/**");
  for (const peer of [leaf, other]) {
    peer.send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0xff });
  }
  other.send(...forwardEvent(event("/e"), { origin: "below" }));
  assertEquals([client.read().length, leaf.read().length, other.read()], [1, 2, []]);
  // By a way that it has just left, perhaps: it counts, and does not go back to where it was made.
  assertEquals(other.ask(...forwardEvent(event("/e"), { origin: "leaf" })), []);
  assertEquals([client.read().length, leaf.read()], [1, []]);
  other.send(...forwardEvent(event("/e"), { origin: "hub", sequence: 2 }));
  assertEquals(client.read(), []);
});

Deno.test("an event that was published before a leaf started is for the routers below it only", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  const below = registerLeaf(leaf, "below", []);
  const other = registerLeaf(leaf, "other", []);
  below.send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0xff });
  const clients = [leaf.client(), leaf.client()];
  for (const client of clients) client.subscribe("/**");
  leaf.nowMicros = leaf.core.startedMicros + 2_000_000;
  const forward = (sequence: number, ageMs: number) => {
    other.send(...forwardEvent(event("/e"), { sequence, ageMs }));
    const [context] = below.read();
    const passedOn = context?.type === "FEDERATION_SYNC" && context.op === "Forward" &&
      context.kind === "event" && context.entries.map((entry) => entry.ageMs);
    return [...clients.map((it) => it.read().length), passedOn];
  };
  assertEquals(forward(1, 1_900), [1, 1, [1_900]]);
  assertEquals(forward(2, 2_100), [0, 0, [2_100]]);
  assertEquals(lost(leaf), ["2 unknown"], "told once");
  // No life is so long; nor would more have room on the next link.
  assertEquals(forward(3, 2 ** 32 - 1), [0, 0, [EVENT_LIFE_MAX_MS]]);
  // Nobody here wants it.
  for (const client of clients) client.leave();
  assertEquals(forward(4, 2_100), [0, 0, [2_100]]);
  assertEquals(lost(leaf), ["2 unknown", "3 unknown"]);
});

Deno.test("a root has one way to each router: an older event reaches its clients", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", []);
  const client = hub.client();
  client.subscribe("/**");
  leaf.send(...forwardEvent(event("/e"), { ageMs: 60_000 }));
  assertEquals([client.read().length, lost(hub)], [1, []]);
});

Deno.test("an event whose life is over is dropped; a longer life than events have is cut", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", []);
  const other = registerLeaf(hub, "other", []);
  other.send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0xff });
  leaf.send(...forwardEvent(event("/e"), { remainingLifeMs: 0 }));
  assertEquals(other.read(), []);
  leaf.send(...forwardEvent(event("/e"), { sequence: 2, remainingLifeMs: 1_000_000 }));
  const [context] = other.read();
  assertEquals(
    context?.type === "FEDERATION_SYNC" && context.op === "Forward" && context.kind === "event" &&
      context.entries,
    [{ sequence: 2, remainingLifeMs: EVENT_LIFE_MAX_MS, ageMs: 0 }],
  );
});

Deno.test("events at addresses that are none or of routers, and params as events, are refused", () => {
  const { leaf } = setUp();
  const cases: readonly (readonly [number, Message])[] = [
    [200, event("e")],
    [200, event(`/${"a".repeat(65_500)}`)],
    [403, event("/clasp/federation/x")],
    [101, { type: "PUBLISH", address: "/e", signal: SIGNAL.param, phase: 0 }],
  ];
  for (const [code, publish] of cases) {
    assertEquals(leaf.ask(...forwardEvent(publish)).map(codeOf), [code]);
  }
});

function lost(node: FederationNode): string[] {
  return node.events.flatMap((it) => it.type === "eventLost" ? [`${it.sequence} ${it.why}`] : []);
}

function event(address: string): Message {
  return { type: "PUBLISH", address, signal: SIGNAL.event, phase: 0, value: encodeValue("go") };
}
