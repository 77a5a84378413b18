import { HISTORY_CHANGES_MAX, HISTORY_VALUES_MAX } from "../../../src/limits.ts";
import type { Version } from "../../../src/state/version.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import { ALL_SIGNALS, type Message, QOS, SIGNAL } from "../../../src/wire/message.ts";
import { decodeValue, encodeValue, type Value } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertGreater } from "../../support/assert.ts";
import { codeOf, set, type TestConnection, TestRouter } from "./test_router.ts";

const FIRE = { qos: QOS.fire } as const;
const ONE_SECOND_ABSOLUTE = 0x8000_0001;
const FULL = 1_000_000;

/** A router whose params change, and a client that asks for what they were. */
class Desk {
  readonly router = new TestRouter();
  readonly writer: TestConnection = this.router.client();
  readonly reader: TestConnection = this.router.client();

  set(value: Value, address = "/a", options: { readonly ttl?: number } = {}): void {
    this.writer.send(set(address, value, options), FIRE);
  }

  /** What comes for a SUBSCRIBE: values by address, in order. */
  ask(history: number, pattern = "/**", types = ALL_SIGNALS): Record<string, unknown[]> {
    this.reader.read();
    this.reader.send(this.subscribe(history, pattern, types), FIRE);
    return byAddress(this.reader.read());
  }

  subscribe(history: number, pattern = "/**", types = ALL_SIGNALS): Message {
    return { type: "SUBSCRIBE", id: 1, pattern, types, options: { history } };
  }

  /** A version that comes by a link. */
  merge(address: string, version: Partial<Version>): void {
    this.router.core.params.merge(address, {
      value: encodeValue(version.revision ?? 1),
      revision: 1,
      timestampMicros: 1,
      origin: "site-b",
      ttl: 0,
      ...version,
    }, { from: { paramChanged: () => {}, published: () => {} } });
  }
}

Deno.test("history brings the last values of each address, oldest first, the current one last", () => {
  const desk = new Desk();
  for (const value of [1, 2, 3, 4, 5]) {
    desk.set(value);
    desk.set(-value, "/b");
  }
  desk.set("once", "/c");
  assertEquals(desk.ask(3), { "/b": [-3, -4, -5], "/a": [3, 4, 5], "/c": ["once"] });
  assertEquals(desk.ask(100, "/a"), { "/a": [1, 2, 3, 4, 5] });
  assertEquals(desk.ask(2, "/*"), { "/b": [-4, -5], "/a": [4, 5], "/c": ["once"] });
  for (const history of [0, 1]) assertEquals(desk.ask(history, "/a"), { "/a": [5] });
  assertEquals(desk.ask(3, "/a", 1 << SIGNAL.event), {});
  assertEquals(desk.ask(3, "/nothing"), {});
});

Deno.test("values of a history have their own revisions and timestamps, and the ACK follows", () => {
  const desk = new Desk();
  for (const value of [7, 8]) {
    desk.set(value);
    desk.router.advance(1_000);
  }
  const [snapshot, ack] = ask(desk.reader, desk.subscribe(2));
  assert(snapshot?.type === "SNAPSHOT");
  assertEquals(
    snapshot.params,
    [1, 2].map((revision) => ({
      address: "/a",
      value: encodeValue(revision + 6),
      revision,
      writer: "router",
      timestampMicros: desk.router.wallMicros - (3 - revision) * FULL,
    })),
  );
  assertEquals([ack?.type, ack?.type === "ACK" && ack.address], ["ACK", "/**"]);
});

Deno.test("after a history each change comes once", () => {
  const desk = new Desk();
  for (const value of [1, 2]) desk.set(value);
  desk.ask(2);
  desk.reader.send({ ...desk.subscribe(2, "/a"), id: 2 } as Message, FIRE);
  assertEquals(byAddress(desk.reader.read()), { "/a": [1, 2] });
  desk.set(3);
  assertEquals(byAddress(desk.reader.read()), { "/a": [3] });
});

Deno.test("a history is asked for within its bound, and begins empty", () => {
  const desk = new Desk();
  assertEquals(desk.ask(HISTORY_VALUES_MAX), {});
  const tooMuch = desk.reader.ask(desk.subscribe(HISTORY_VALUES_MAX + 1), FIRE);
  assertEquals(codeOf(tooMuch), 402);
  for (let n = 0; n <= HISTORY_VALUES_MAX; n++) desk.set(n);
  assertEquals(desk.ask(HISTORY_VALUES_MAX)["/a"]?.length, HISTORY_VALUES_MAX);
});

Deno.test("what was long ago is not in a history any more", () => {
  const desk = new Desk();
  for (const value of [1, 2, 3]) desk.set(value);
  for (let n = 0; n < HISTORY_CHANGES_MAX - 2; n++) desk.set(n, `/other/${n}`);
  assertEquals(desk.ask(9, "/a"), { "/a": [2, 3] });
  desk.set(0, "/other/0");
  assertEquals(desk.ask(9, "/a"), { "/a": [3] });
  desk.set(0, "/other/0");
  assertEquals(desk.ask(9, "/a"), { "/a": [3] });
});

Deno.test("what has expired has no history, and what is set anew none from before", () => {
  const desk = new Desk();
  desk.set(1);
  desk.set(2, "/a", { ttl: ONE_SECOND_ABSOLUTE });
  assertEquals(desk.ask(9), { "/a": [1, 2] });
  desk.router.advance(1_001);
  // Not swept yet, and swept.
  assertEquals(desk.ask(9), {});
  desk.router.advance(2_000);
  assertEquals(desk.ask(9), {});
  for (const value of [3, 4]) desk.set(value);
  assertEquals(desk.ask(9), { "/a": [3, 4] });
});

Deno.test("a history leaves out values whose own TTL has passed", () => {
  const desk = new Desk();
  desk.set(1);
  desk.set(2, "/a", { ttl: ONE_SECOND_ABSOLUTE });
  for (const value of [3, 4]) desk.set(value);
  assertEquals(desk.ask(3), { "/a": [2, 3, 4] });
  desk.router.advance(1_001);
  assertEquals(desk.ask(9), { "/a": [1, 3, 4] });
  assertEquals(desk.ask(3), { "/a": [1, 3, 4] });
});

Deno.test("what expires before a slow reader's turn is not in its history", () => {
  const desk = new Desk();
  desk.set(new Uint8Array(30_000));
  desk.set(new Uint8Array(30_001), "/a", { ttl: ONE_SECOND_ABSOLUTE });
  desk.set(new Uint8Array(2));
  desk.reader.read();
  const { port } = desk.router;
  let sent = 0;
  port.bufferedBytes = (id) => id === desk.reader.id && sent++ > 0 ? FULL : 0;
  desk.reader.send(desk.subscribe(9), FIRE);
  desk.router.advance(2_000);
  port.bufferedBytes = () => 0;
  desk.router.advance(10);
  // The one that had to wait gave way to the current one.
  const sizes = sizesOf(desk.reader.read());
  assertEquals([sizes[0], new Set(sizes.slice(1))], [30_000, new Set([2])]);
});

Deno.test("a history has what came from other routers, each version once", () => {
  const desk = new Desk();
  desk.merge("/b/x", { revision: 1, timestampMicros: 10 });
  desk.merge("/b/x", { revision: 4, timestampMicros: 20 });
  // Older, but with a higher revision: the one that is known is raised to 7.
  desk.merge("/b/x", { revision: 6, timestampMicros: 15 });
  desk.merge("/b/x", { revision: 9, timestampMicros: 30 });
  assertEquals(desk.ask(9), { "/b/x": [1, 4, 9] });
});

Deno.test("a history goes up also where a router forgot a param and it came back older", () => {
  for (const timestampMicros of [3, 9]) checkForgotten(timestampMicros);
});

function checkForgotten(timestampMicros: number): void {
  const desk = new Desk();
  for (const revision of [1, 5, 6]) desk.merge("/b/x", { revision, timestampMicros: revision });
  desk.router.core.params.forget("/b/x");
  assertEquals(desk.ask(9), {});
  desk.merge("/b/x", { revision: 3, timestampMicros });
  assertEquals(desk.ask(9), { "/b/x": [1, 3] });
}

Deno.test("what changes before a slow reader's turn comes without its history", () => {
  const desk = new Desk();
  for (const value of [1, 2]) {
    for (const address of ["/a", "/b"]) desk.set(value, address);
  }
  const { port } = desk.router;
  desk.reader.read();
  port.buffered.set(desk.reader.id, FULL);
  desk.reader.send(desk.subscribe(9), FIRE);
  desk.set(3);
  port.buffered.delete(desk.reader.id);
  desk.router.advance(10);
  assertEquals(byAddress(desk.reader.read()), { "/a": [3, 3], "/b": [1, 2] });
});

Deno.test("a history that does not fit one message goes on, unless its address changes", () => {
  // Three fit a message, so it is the current one that has to wait, or one before it.
  const counts = [4, 5, 6, 7];
  for (const [count, isChanged] of counts.flatMap((n) => [[n, false], [n, true]] as const)) {
    const desk = new Desk();
    const sizes = Array.from({ length: count }, (_, n) => 10_000 + n);
    for (const size of sizes) desk.set(new Uint8Array(size));
    desk.reader.read();
    const { port } = desk.router;
    let sent = 0;
    port.bufferedBytes = (id) => id === desk.reader.id && sent++ > 0 ? FULL : 0;
    desk.reader.send(desk.subscribe(9), FIRE);
    const first = sizesOf(desk.reader.read());
    assertGreater(first.length, 1);
    assertEquals(first, sizes.slice(0, first.length));
    if (isChanged) desk.set(new Uint8Array(1));
    port.bufferedBytes = () => 0;
    desk.router.advance(10);
    const rest = sizesOf(desk.reader.read());
    if (isChanged) assertEquals(new Set(rest), new Set([1]));
    else assertEquals([...first, ...rest], sizes);
  }
});

Deno.test("a history with many other params is found at once and walks them in portions", () => {
  const desk = new Desk();
  for (let n = 0; n < 12_000; n++) desk.set(n, `/many/${n}`);
  for (const value of [1, 2]) desk.set(value);
  assertEquals(desk.ask(5, "/a"), { "/a": [1, 2] });
  assertEquals(desk.ask(5, "/*"), { "/a": [1, 2] });
  desk.router.advance(100);
  assertEquals(byAddress(desk.reader.read()), {});
});

function ask(reader: TestConnection, message: Message): Message[] {
  reader.read();
  reader.sendBytes(encodeFrame(message, { qos: QOS.confirm }));
  return reader.read();
}

/** Values by address, in the order in which they came. */
function byAddress(messages: readonly Message[]): Record<string, unknown[]> {
  const found: Record<string, unknown[]> = {};
  for (const message of messages) {
    const params = message.type === "SNAPSHOT"
      ? message.params
      : message.type === "SET"
      ? [message]
      : [];
    for (const { address, value } of params) (found[address] ??= []).push(decodeValue(value));
  }
  return found;
}

function sizesOf(messages: readonly Message[]): number[] {
  return Object.values(byAddress(messages)).flat()
    .map((value) => value instanceof Uint8Array ? value.length : 0);
}
