import { ADDRESS_BYTES_MAX, FRAME_PAYLOAD_BYTES_MAX, NAME_BYTES_MAX } from "../../../src/limits.ts";
import { parsePattern } from "../../../src/address/pattern.ts";
import type { ParamChange } from "../../../src/router/param_change.ts";
import { Params, type Write } from "../../../src/router/params.ts";
import type { Subscriber } from "../../../src/router/subscriber.ts";
import { Subscriptions } from "../../../src/router/subscriptions.ts";
import { Locks } from "../../../src/state/locks.ts";
import { MapParamStore } from "../../../src/state/map_param_store.ts";
import type { Version } from "../../../src/state/version.ts";
import { decodeFrame, readFrameHeader } from "../../../src/wire/frame.ts";
import { ALL_SIGNALS, type EncodedValue } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertStrictEquals } from "../../support/assert.ts";
import { codeOf, TestRouter } from "./test_router.ts";

const PARAM_ONLY = 1;
const EVENTS_ONLY = 2;

/** Whoever is told, with what it was told. */
class Listener implements Subscriber {
  readonly heard: ParamChange[] = [];

  paramChanged(change: ParamChange): void {
    this.heard.push(change);
  }

  published(): void {}
}

function setUp(options: { paramsMax?: number; defaultTtl?: number } = {}): {
  readonly params: Params;
  readonly subscriptions: Subscriptions;
  readonly clock: { micros: number };
  readonly random: { value: number };
  listen(pattern: string, types?: number): Listener;
} {
  const subscriptions = new Subscriptions();
  const clock = { micros: 1_000 };
  const random = { value: 0 };
  const params = new Params({
    store: new MapParamStore(),
    locks: new Locks(),
    subscriptions,
    routerId: "me",
    paramsMax: options.paramsMax ?? 100,
    defaultTtl: options.defaultTtl ?? 0,
    timeMicros: () => clock.micros,
    isTimed: () => true,
    nowMicros: () => 0,
    random: () => random.value,
    after: () => {},
  });
  const listen = (pattern: string, types = ALL_SIGNALS): Listener => {
    const listener = new Listener();
    subscriptions.add(listener, 1, parsePattern(pattern), types);
    return listener;
  };
  return { params, subscriptions, clock, random, listen };
}

Deno.test("stamp() takes the time, or what is newer than the version it replaces", () => {
  const { params, clock } = setUp();
  assertEquals(params.stamp(write()).timestampMicros, 1_000);
  // The clock stands still, then goes back.
  assertEquals(params.stamp(write()).timestampMicros, 1_001);
  clock.micros = 500;
  assertEquals(params.stamp(write()).timestampMicros, 1_002);
  clock.micros = 2_000;
  assertEquals(params.stamp(write()), {
    value: encodeValue(1),
    revision: 4,
    timestampMicros: 2_000,
    origin: "me",
    ttl: 0,
  });
});

Deno.test("stamp() goes past a version from the future by chance, so that a second life stamps anew", () => {
  const lives = [0.1, 0.9].map((value) => {
    const { params, random } = setUp();
    random.value = value;
    return params.stamp({ ...write(), known: { timestampMicros: 5_000, revision: 3 } });
  });
  assertEquals(lives.map(({ revision }) => revision), [4, 4]);
  assertEquals(lives.map(({ timestampMicros }) => timestampMicros), [5_101, 5_901]);
});

Deno.test("stamp() exceeds what the requester knew, and what is known here", () => {
  const { params } = setUp();
  const known = { timestampMicros: 5_000, revision: 9 };
  const first = params.stamp(write({ known }));
  assertEquals([first.timestampMicros, first.revision], [5_001, 10]);
  const second = params.stamp(write({ known: { timestampMicros: 3, revision: 3 } }));
  assertEquals([second.timestampMicros, second.revision], [5_002, 11]);
});

Deno.test("stamp() gives the writer's TTL, or the router's", () => {
  const { params } = setUp({ defaultTtl: 60 });
  assertEquals(params.stamp(write()).ttl, 60);
  assertEquals(params.stamp(write({ ttl: 5 })).ttl, 5);
  assertEquals(params.stamp(write({ ttl: 0 })).ttl, 0);
});

Deno.test("stamp() leaves out the link that is told by an answer", () => {
  const { params, listen } = setUp();
  const [link, other] = [listen("/**"), listen("/**")];
  params.stamp(write({ except: link }));
  assertEquals([link.heard.length, other.heard.length], [0, 1]);
});

Deno.test("a change is told to those who want params, and not to others", () => {
  const { params, listen } = setUp();
  const [wants, wantsEvents, elsewhere] = [
    listen("/a", PARAM_ONLY),
    listen("/a", EVENTS_ONLY),
    listen("/b"),
  ];
  params.stamp(write());
  assertEquals([wants, wantsEvents, elsewhere].map(({ heard }) => heard.length), [1, 0, 0]);
});

Deno.test("a change is encoded once for all clients and once for all peers", () => {
  const { params, listen } = setUp();
  const listener = listen("/a");
  const version = params.stamp(write({ ttl: 9 }));
  const [change] = listener.heard;
  assert(change !== undefined);
  assertStrictEquals(change.clientFrame(), change.clientFrame());
  assertStrictEquals(change.peerFrame(), change.peerFrame());
  const client = decodeFrame(change.clientFrame());
  assertEquals(client.header.timestampMicros, undefined);
  assertEquals(client.message.type === "SET" && client.message.revision, version.revision);
  const { whole, start } = change.peerFrame();
  const peer = decodeFrame(whole, start);
  assertEquals(peer.header.timestampMicros, version.timestampMicros);
  assertEquals(peer.message.type === "SET" && [peer.message.revision, peer.message.ttl], [1, 9]);
});

Deno.test("merge() keeps what is newer here and tells nobody", () => {
  const { params, listen } = setUp();
  const link = listen("/a");
  params.stamp(write());
  link.heard.length = 0;
  const outcome = params.merge("/a", version({ timestampMicros: 999, revision: 0 }), {
    from: link,
  });
  assertEquals([outcome, link.heard.length], ["kept", 0]);
});

Deno.test("merge() takes what is newer and tells all but the link it came from", () => {
  const { params, listen } = setUp();
  const [link, requester, other] = [listen("/a"), listen("/a"), listen("/a")];
  const incoming = version({ timestampMicros: 2_000, revision: 5 });
  assertEquals(params.merge("/a", incoming, { from: link, except: requester }), "applied");
  assertEquals(params.get("/a"), incoming);
  assertEquals([link, requester, other].map(({ heard }) => heard.length), [0, 0, 1]);
  // The same once more: a doubled way ends here.
  assertEquals(params.merge("/a", incoming, { from: other }), "kept");
  assertEquals(link.heard.length, 0);
});

Deno.test("merge() that raises a revision tells everyone, whom it came from too, once", () => {
  const { params, listen } = setUp();
  const known = version({ timestampMicros: 1, revision: 9 });
  params.merge("/a", known, { from: new Listener() });
  const [sender, requester, other] = [listen("/a"), listen("/a"), listen("/a")];
  const incoming = version({ timestampMicros: 2, revision: 3 });
  assertEquals(params.merge("/a", incoming, { from: sender, except: requester }), "applied");
  assertEquals(params.get("/a")?.revision, 10);
  for (const { heard } of [sender, requester, other]) {
    assertEquals(heard.map((change) => change.version.revision), [10]);
  }
});

Deno.test("merge() that raises tells a sender that subscribed nothing", () => {
  const { params } = setUp();
  params.merge("/a", version({ timestampMicros: 1, revision: 9 }), { from: new Listener() });
  const sender = new Listener();
  params.merge("/a", version({ timestampMicros: 2, revision: 3 }), { from: sender });
  assertEquals(sender.heard.map((change) => change.version.revision), [10]);
  // An older version with a high revision: the winner here is raised and goes back.
  const stale = new Listener();
  params.merge("/a", version({ timestampMicros: 1, origin: "z", revision: 20 }), { from: stale });
  assertEquals(stale.heard.map((change) => change.version.revision), [21]);
});

Deno.test("merge() takes new addresses up to the limit, and known ones beyond", () => {
  const { params } = setUp({ paramsMax: 2 });
  const from = new Listener();
  assertEquals(params.merge("/a", version({}), { from }), "applied");
  assertEquals(params.merge("/b", version({}), { from }), "applied");
  assertEquals(params.merge("/c", version({}), { from }), "full");
  assertEquals(params.get("/c"), undefined);
  assertEquals(params.merge("/b", version({ timestampMicros: 2 }), { from }), "applied");
});

Deno.test("a router that is full refuses new addresses with 503 and still writes known ones", () => {
  const router = new TestRouter({ paramsMax: 2 });
  const client = router.client();
  const ask = (address: string) =>
    client.ask({ type: "SET", address, value: encodeValue(1) }).type === "ACK";
  assertEquals([ask("/a"), ask("/b"), ask("/a")], [true, true, true]);
  assertEquals(codeOf(client.ask({ type: "SET", address: "/c", value: encodeValue(1) })), 503);
});

// The longest router id, so that SNAPSHOT entries are as large as they get.
for (const address of ["/a", `/${"é".repeat((ADDRESS_BYTES_MAX - 2) / 2)}x`]) {
  const addressBytes = new TextEncoder().encode(address).length;
  Deno.test(`the largest value at an address of ${addressBytes} bytes fits every frame, one byte more is refused`, () => {
    const router = new TestRouter({ routerId: "r".repeat(NAME_BYTES_MAX) });
    const [writer, reader] = [router.client(), router.client()];
    reader.subscribe("/**");
    const largest = largestAccepted((value) =>
      writer.ask({ type: "SET", address, value }).type === "ACK"
    );
    reader.read();
    const refusal = writer.ask({ type: "SET", address, value: bytesValue(largest + 1) });
    assertEquals(codeOf(refusal), 402);

    writer.ask({ type: "SET", address, value: bytesValue(largest), ttl: 60 });
    const [change] = reader.readBytes();
    assert(change !== undefined, "SET with revision and TTL");
    assertEquals(decodeFrame(change).message.type, "SET");

    writer.send({ type: "GET", address });
    const [snapshot] = writer.readBytes();
    assert(snapshot !== undefined);
    const { payloadStart, payloadEnd } = readFrameHeader(snapshot, 0);
    assertEquals(payloadEnd - payloadStart, FRAME_PAYLOAD_BYTES_MAX, "not a byte is wasted");

    const late = router.connect();
    late.send({ type: "HELLO", version: 1, features: 0, name: "late" });
    const entries = late.read().flatMap((message) =>
      message.type === "SNAPSHOT" ? message.params : []
    );
    assertEquals(entries.length, 1);
  });
}

/** Bytes of the largest encoded value for which `accepts` says yes. */
function largestAccepted(accepts: (value: EncodedValue) => boolean): number {
  let [low, high] = [10, 65_400];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (accepts(bytesValue(middle))) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** A value of so many bytes, type code and length included. */
function bytesValue(bytes: number): EncodedValue {
  const value = encodeValue(new Uint8Array(bytes - 3));
  assertEquals(value.length, bytes);
  return value;
}

function write(fields: Partial<Write> = {}): Write {
  return { address: "/a", value: encodeValue(1), holder: "s", ...fields };
}

function version(fields: Partial<Version>): Version {
  return {
    value: encodeValue(1),
    revision: 1,
    timestampMicros: 1,
    origin: "o",
    ttl: 0,
    ...fields,
  };
}

Deno.test("a param that was forgotten is kept anew, where everybody finds it", () => {
  const { params, listen } = setUp();
  const listener = listen("/**");
  params.stamp(write());
  params.forget("/a");
  assertEquals([params.has("/a"), params.size], [false, 0]);
  params.stamp(write());
  assertEquals([params.get("/a")?.revision, params.store.get("/a")?.revision], [1, 1]);
  assertEquals([params.size, listener.heard.length], [1, 2]);
});
