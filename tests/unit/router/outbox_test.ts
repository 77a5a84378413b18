import {
  OUTBOX_LOW_WATER_SHARE,
  OUTBOX_MESSAGES_MAX,
  OUTBOX_SLOW_BYTES,
  OUTBOX_SLOW_MS,
  OUTBOX_SOURCES_MAX,
  SNAPSHOT_CHUNK_BYTES,
} from "../../../src/limits.ts";
import { Outbox, type OutboxLane, type OutboxSource } from "../../../src/router/outbox.ts";
import { ParamChange } from "../../../src/router/param_change.ts";
import { SIGNAL } from "../../../src/wire/message.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { FakePort } from "./fake_port.ts";
import { publication } from "./publication.ts";

const ID = 1;
const HIGH_WATER = 100;
const LOW_WATER = HIGH_WATER * OUTBOX_LOW_WATER_SHARE;

function setUp(bytesMax = 1_000): {
  readonly outbox: Outbox;
  readonly port: FakePort;
  fill(): void;
  drain(): void;
  read(): number[];
} {
  const port = new FakePort();
  const outbox = new Outbox(port, ID, { bytesMax, highWaterBytes: HIGH_WATER });
  return {
    outbox,
    port,
    fill: () => port.buffered.set(ID, HIGH_WATER),
    drain: () => port.buffered.set(ID, LOW_WATER),
    read: () => port.take().map((action) => action.kind === "send" ? action.bytes[0] ?? -1 : -1),
  };
}

/** Sends the numbers that are its addresses, one at a time. */
class TestLane implements OutboxLane {
  readonly #addresses = new Set<string>();

  get isEmpty(): boolean {
    return this.#addresses.size === 0;
  }

  add(address: string): boolean {
    const waits = this.#addresses.has(address);
    this.#addresses.add(address);
    return waits;
  }

  next(): Uint8Array | undefined {
    const [first] = this.#addresses;
    if (first === undefined) return undefined;
    this.#addresses.delete(first);
    return Uint8Array.of(Number(first));
  }
}

/** A change at the address of a number, whose frame is that number. */
class NumberChange extends ParamChange {
  readonly #number: number;

  constructor(number: number) {
    const version = { value: undefined, revision: 1, timestampMicros: 1, origin: "", ttl: 1 };
    super(`${number}`, version, { raised: false });
    this.#number = number;
  }

  override clientFrame(): Uint8Array {
    return Uint8Array.of(this.#number);
  }
}

/** A source of these messages; 0 is an empty one: nothing ready yet. */
function source(...messages: readonly number[]): OutboxSource {
  const left = [...messages];
  return {
    next: () => {
      const message = left.shift();
      if (message === undefined) return undefined;
      return message === 0 ? new Uint8Array(0) : Uint8Array.of(message);
    },
  };
}

Deno.test("Outbox sends at once while the socket's buffer is below the mark", () => {
  const { outbox, drain, read } = setUp();
  drain();
  assert(outbox.send(Uint8Array.of(1)));
  assertEquals([read(), outbox.isWaiting, outbox.queuedBytes], [[1], false, 0]);
});

Deno.test("Outbox queues copies in order at the mark, and never overtakes them", () => {
  const { outbox, fill, drain, read } = setUp();
  fill();
  const reused = new Uint8Array(10);
  for (const n of [1, 2]) {
    reused[0] = n;
    assert(outbox.send(reused));
  }
  assertEquals([read(), outbox.isWaiting, outbox.queuedBytes], [[], true, 20]);
  drain();
  assert(outbox.send(Uint8Array.of(3)));
  assertEquals(read(), [], "not before those that wait");
  outbox.pump();
  assertEquals([read(), outbox.isWaiting, outbox.queuedBytes], [[1, 2, 3], false, 0]);
});

Deno.test("Outbox takes as many bytes as its bound, and refuses the next", () => {
  const { outbox, fill, drain, read } = setUp(20);
  fill();
  assert(outbox.send(new Uint8Array(10)));
  assert(outbox.send(new Uint8Array(10)));
  assertEquals(outbox.send(new Uint8Array(1)), false);
  assertEquals(outbox.queuedBytes, 20);
  drain();
  outbox.pump();
  assertEquals(read().length, 2);
  fill();
  assert(outbox.send(new Uint8Array(20)), "there is room again");
});

Deno.test("Outbox that was at the mark sends again when the buffer is at the low mark", () => {
  const { outbox, port, fill, drain, read } = setUp();
  fill();
  outbox.send(Uint8Array.of(1));
  port.buffered.set(ID, LOW_WATER + 1);
  outbox.pump();
  assertEquals([read(), outbox.isBehind], [[], true]);
  drain();
  outbox.pump();
  port.buffered.set(ID, HIGH_WATER - 1);
  outbox.send(Uint8Array.of(2));
  assertEquals([read(), outbox.isBehind], [[1, 2], false], "below the high mark from now on");
});

Deno.test("Outbox refuses more messages than its bound, however small they are", () => {
  const { outbox, fill } = setUp(OUTBOX_MESSAGES_MAX + 1);
  fill();
  const one = Uint8Array.of(1);
  for (let n = 0; n < OUTBOX_MESSAGES_MAX; n++) assert(outbox.send(one));
  assertEquals(outbox.send(one), false);
});

Deno.test("Outbox conflates values that cannot leave, and keeps them behind those that wait", () => {
  const { outbox, port, fill, drain, read } = setUp();
  outbox.lane = new TestLane();
  fill();
  for (const n of [7, 8, 7, 9]) outbox.sendChange(new NumberChange(n));
  assertEquals([read(), outbox.counters.conflated], [[], 1]);
  assertEquals([outbox.isWaiting, outbox.isBehind, outbox.queuedBytes], [true, true, 0]);
  drain();
  outbox.sendChange(new NumberChange(1));
  assertEquals(read(), [], "not before those that wait");
  port.buffered.set(ID, 0);
  outbox.pump();
  assertEquals([read(), outbox.isWaiting], [[7, 8, 9, 1], false]);
  outbox.sendChange(new NumberChange(2));
  assertEquals([read(), outbox.counters.conflated], [[2], 1]);
});

Deno.test("Outbox lets values overtake events and samples, and no answer", () => {
  const { outbox, fill, drain, read } = setUp(1e6);
  outbox.lane = new TestLane();
  fill();
  const large = new Uint8Array(SNAPSHOT_CHUNK_BYTES).fill(1);
  for (let n = 0; n < 3; n++) outbox.sendPublication(publication(large));
  for (const n of [7, 8]) outbox.conflate(`${n}`);
  outbox.addSource(source(11, 12));
  drain();
  outbox.pump();
  assertEquals(read(), [1, 11, 1, 7, 1, 12, 8]);
  fill();
  outbox.conflate("9");
  outbox.sendPublication(publication(large));
  outbox.sendPublication(publication(large));
  outbox.send(Uint8Array.of(2));
  outbox.sendPublication(publication(large.fill(3), { signal: SIGNAL.stream }));
  drain();
  outbox.pump();
  assertEquals(read(), [1, 1, 2, 9, 3]);
});

Deno.test("Outbox pumps no more than it is told, and tells how much", () => {
  const { outbox, fill, drain, read } = setUp(1e6);
  fill();
  for (const n of [1, 2, 3]) outbox.send(new Uint8Array(10).fill(n));
  drain();
  assertEquals([outbox.pump(0, 15), read()], [20, [1, 2]]);
  assertEquals([outbox.pump(0, 15), read()], [10, [3]]);
  outbox.addSource(source(0, 5));
  assertEquals([outbox.pump(0), read()], [SNAPSHOT_CHUNK_BYTES, []], "a look in vain");
});

Deno.test("Outbox whose queue holds what has expired only is not too slow", () => {
  const { outbox, fill } = setUp(1e9);
  fill();
  const large = new Uint8Array(60_000);
  for (let bytes = 0; bytes <= OUTBOX_SLOW_BYTES; bytes += large.length) {
    outbox.sendPublication(publication(large, { deadlineMicros: 1_000 }));
  }
  assertEquals(outbox.isTooSlow(0), false);
  assertEquals(outbox.isTooSlow(OUTBOX_SLOW_MS * 1_000 + 1), false);
  assertEquals([outbox.queuedBytes, outbox.counters.expired > 100], [0, true]);
});

Deno.test("Outbox stops pumping when the buffer is full again", () => {
  const { outbox, port, fill, drain, read } = setUp();
  fill();
  for (const n of [1, 2, 3]) outbox.send(Uint8Array.of(n));
  drain();
  const send = port.send.bind(port);
  port.send = (connection, bytes) => {
    send(connection, bytes);
    if (bytes[0] === 2) fill();
  };
  outbox.pump();
  assertEquals([read(), outbox.isWaiting], [[1, 2], true]);
});

Deno.test("Outbox sends messages first, sources between them, one source after the other", () => {
  const { outbox, fill, drain, read } = setUp();
  fill();
  outbox.addSource(source(11, 0, 12));
  outbox.addSource(source(21));
  outbox.send(Uint8Array.of(1));
  drain();
  outbox.pump();
  assertEquals(read(), [1, 11], "then the source had nothing ready");
  assert(outbox.isWaiting);
  assert(outbox.send(Uint8Array.of(2)));
  assertEquals(read(), [2], "a live message does not wait for sources");
  outbox.pump();
  assertEquals([read(), outbox.isWaiting], [[12, 21], false]);
});

Deno.test("Outbox that is closed forgets all and ignores what comes", () => {
  const { outbox, fill, drain, read } = setUp();
  fill();
  outbox.send(Uint8Array.of(1));
  outbox.addSource(source(2));
  outbox.close();
  drain();
  assert(outbox.send(Uint8Array.of(3)));
  outbox.addSource(source(4));
  outbox.pump();
  assertEquals([read(), outbox.isWaiting, outbox.queuedBytes], [[], false, 0]);
});

Deno.test("Outbox whose queue never empties keeps the order for ever", () => {
  const { outbox, port, fill, drain } = setUp(1_000_000);
  fill();
  const send = port.send.bind(port);
  port.send = (connection, bytes) => {
    send(connection, bytes);
    // Room for one message at each pump: two come in for one that leaves, up to 3,000.
    fill();
  };
  const sent: number[] = [];
  let next = 0;
  const put = () => outbox.send(new Uint8Array(new Uint32Array([next++]).buffer));
  for (let n = 0; n < 3_000; n++) put();
  for (let n = 0; n < 10_000; n++) {
    put();
    drain();
    outbox.pump();
    for (const action of port.take()) {
      if (action.kind === "send") sent.push(new Uint32Array(action.bytes.buffer)[0] ?? -1);
    }
  }
  assertEquals(sent, Array.from({ length: 10_000 }, (_, n) => n));
  assertEquals(outbox.queuedBytes, 3_000 * 4);
});

Deno.test("Outbox replaces a source of the same key that has not begun, at the end", () => {
  const { outbox, port, fill, drain, read } = setUp();
  const replaced: number[] = [];
  const add = (key: string, ...messages: readonly number[]) =>
    outbox.addSource({
      ...source(...messages),
      replaced: () => replaced.push(messages[0] ?? -1),
    }, key);
  const send = port.send.bind(port);
  port.send = (connection, bytes) => {
    send(connection, bytes);
    fill();
  };
  drain();
  assert(add("a", 11, 12));
  outbox.pump();
  for (const [key, n] of [["a", 21], ["b", 31], ["a", 41]] as const) assert(add(key, n));
  for (let n = 0; n < 4; n++) {
    drain();
    outbox.pump();
  }
  assertEquals([read(), replaced], [[11, 12, 31, 41], [21]]);
  assertEquals(outbox.isWaiting, false);
});

Deno.test("Outbox takes as many sources as its bound, then those that replace one", () => {
  const { outbox, fill, drain, read } = setUp();
  fill();
  for (let n = 0; n < OUTBOX_SOURCES_MAX; n++) assert(outbox.addSource(source(1), n));
  assertEquals([outbox.takesSource(), outbox.takesSource("more")], [false, false]);
  assertEquals(outbox.addSource(source(2), "more"), false);
  assert(outbox.takesSource(0) && outbox.addSource(source(3), 0));
  drain();
  outbox.pump();
  assertEquals(read().length, OUTBOX_SOURCES_MAX);
  assert(outbox.takesSource(), "there is room again");
});
