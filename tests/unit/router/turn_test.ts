import { BATCH_BYTES_MAX } from "../../../src/limits.ts";
import { Connection } from "../../../src/router/connection.ts";
import { Outbox } from "../../../src/router/outbox.ts";
import { ParamChange } from "../../../src/router/param_change.ts";
import { Turn } from "../../../src/router/turn.ts";
import { decodeFrame } from "../../../src/wire/frame.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { FakePort } from "./fake_port.ts";
import { TestTurnMessages } from "./test_turn_messages.ts";

const LIMITS = { bytesMax: 1_000_000, highWaterBytes: 1_000 };

function setUp() {
  const port = new FakePort();
  const messages = new TestTurnMessages(port);
  const failures: unknown[] = [];
  const turn = new Turn(messages, {
    nowMicros: () => 0,
    failed: (connection, error) => failures.push([connection, error]),
  });
  const outboxes = [1, 2].map((id) => new Outbox(port, id, LIMITS, turn));
  const read = (id: number): string[] =>
    port.sentOn(id).map((bytes) => {
      const { message } = decodeFrame(bytes);
      return message.type === "SET" ? `${message.address}#${message.revision}` : message.type;
    });
  return { port, messages, turn, outboxes, read, failures };
}

function change(address: string, revision: number, bytes = 0): ParamChange {
  const value = encodeValue("x".repeat(bytes));
  const version = { value, revision, timestampMicros: revision, origin: "a", ttl: 0 };
  return new ParamChange(address, version, { raised: false });
}

function tell(outbox: Outbox | undefined, ...changes: readonly ParamChange[]): void {
  for (const each of changes) {
    if (outbox?.sendInTurn(each) === false) outbox.sendChange(each);
  }
}

Deno.test("Turn: consecutive changes leave in one go when it ends, to each who gets them", () => {
  const { messages, turn, outboxes: [first, second], read } = setUp();
  const changes = [change("/a", 1), change("/b", 1), change("/a", 2)];
  for (const each of changes) {
    tell(first, each);
    tell(second, each);
  }
  assert(turn.isOpen);
  assertEquals([read(1), read(2)], [[], []]);
  turn.end();
  assertEquals(read(1), ["/a#1", "/b#1", "/a#2"]);
  assertEquals(read(2), ["/a#1", "/b#1", "/a#2"]);
  assertEquals(messages.runs, [3, 3]);
  assertEquals([turn.isOpen, messages.count], [false, 0]);
});

Deno.test("Turn: who gets some of them gets these, in order", () => {
  const { turn, outboxes: [first, second], read } = setUp();
  const changes = [1, 2, 3, 4].map((revision) => change("/a", revision));
  tell(first, ...changes);
  for (const each of changes.filter((_, index) => index !== 1)) tell(second, each);
  turn.end();
  assertEquals(read(1), ["/a#1", "/a#2", "/a#3", "/a#4"]);
  assertEquals(read(2), ["/a#1", "/a#3", "/a#4"]);
});

Deno.test("Turn: what a connection is sent besides does not overtake its changes", () => {
  const { turn, outboxes: [first], port, read } = setUp();
  tell(first, change("/a", 1));
  first?.send(change("/answer", 1).clientFrame());
  tell(first, change("/b", 1));
  assertEquals(read(1), ["/a#1", "/answer#1"]);
  turn.end();
  assertEquals(read(1), ["/a#1", "/answer#1", "/b#1"]);
  port.take();
  tell(first, change("/c", 1));
  first?.sendAll();
  assertEquals(read(1), ["/c#1"], "before a last close all is handed over");
});

Deno.test("Turn: one that is long is handed over before it ends, and goes on", () => {
  const { messages, turn, outboxes: [first, second], read } = setUp();
  const bytes = 60_000;
  const count = 2 * Math.ceil(BATCH_BYTES_MAX / bytes);
  const changes = Array.from({ length: count }, (_, n) => change("/a", n + 1, bytes));
  for (const each of changes) {
    tell(first, each);
    tell(second, each);
  }
  assert(messages.byteLength <= BATCH_BYTES_MAX + bytes + 100, "it grew without bound");
  turn.end();
  const expected = changes.map((_, n) => `/a#${n + 1}`);
  assertEquals([read(1), read(2)], [expected, expected]);
});

Deno.test("Turn: a connection without room conflates; one that is closed gets nothing more", () => {
  const { port, turn, outboxes: [first, second], read } = setUp();
  const added: string[] = [];
  if (first !== undefined) {
    first.lane = {
      isEmpty: true,
      add: (address) => added.push(address) > 9,
      next: () => undefined,
    };
  }
  port.buffered.set(1, LIMITS.highWaterBytes);
  tell(first, change("/a", 1));
  tell(second, change("/a", 1));
  second?.close();
  turn.end();
  assertEquals([read(1), read(2), added], [[], [], ["/a"]]);
});

Deno.test("Turn: a connection that throws takes nothing from the others", () => {
  const { messages, turn, outboxes: [first, second], read, failures } = setUp();
  const error = new Error("a bug");
  messages.broken.set(1, error);
  for (const each of [change("/a", 1), change("/b", 1)]) {
    tell(first, each);
    tell(second, each);
  }
  turn.end();
  assertEquals([read(2), failures], [["/a#1", "/b#1"], [[1, error]]]);
  assertEquals([turn.isOpen, messages.count], [false, 0]);
});

for (const how of ["close", "closeWith"] as const) {
  Deno.test(`Turn: what a connection gets of it leaves before ${how}() ends the connection`, () => {
    const { port, outboxes: [outbox], read } = setUp();
    assert(outbox !== undefined);
    const owner = { port, forget: () => {}, outboxWaits: () => {}, refused: () => {} };
    const connection = new Connection(owner, { id: 1, remoteAddress: "", outbox });
    connection.sendChange(change("/a", 1));
    assertEquals(read(1), []);
    if (how === "close") connection.close(1001, "bye");
    else connection.closeWith({ code: 503, message: "bye" }, 1013);
    assertEquals(read(1), how === "close" ? ["/a#1"] : ["/a#1", "ERROR"]);
    assertEquals(port.actions.at(-1)?.kind, "close");
  });
}
