import { encodeFrame } from "../../src/wire/frame.ts";
import { ALL_SIGNALS, FEATURE, QOS, SIGNAL } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { assertEquals, assertLess } from "../support/assert.ts";
import type { RouterCounts } from "../support/counting_router.ts";
import { LineProcess } from "../support/line_process.ts";
import { RawClient } from "../support/raw_client.ts";
import { RawWebSocket } from "../support/raw_websocket.ts";

const MIB = 1_048_576;
const OUTBOX_BYTES_MAX = 4 * MIB;
const EVENT_BYTES = 60_000;
/** What is sent in one go fits the small outbox of these tests: while it arrives, nothing leaves. */
const PORTION = 20;
/** What the kernel's own buffers take of a flood, at most, on a machine with large ones. */
const KERNEL_BYTES_MAX = 64 * MIB;

Deno.test("a client that does not read is told 503 and closed, the reading one misses nothing", async () => {
  await using router = LineProcess.start(
    "counting_router.ts",
    JSON.stringify({ outboxBytesMax: OUTBOX_BYTES_MAX }),
  );
  const port = Number(await router.next());
  using slow = await subscribeAndStopReading(port);
  await using reader = await RawClient.connect(port, "reader");
  await reader.ask({ type: "SUBSCRIBE", id: 1, pattern: "/flood/**", types: ALL_SIGNALS });
  await using sender = await RawClient.connect(port, "sender");
  const before = await router.ask() as RouterCounts;
  assertEquals(before.clients, 3);

  const flood = new Flood(sender, reader);
  let counts = before;
  while (counts.clients === 3) {
    assertLess(
      flood.sentBytes,
      OUTBOX_BYTES_MAX + KERNEL_BYTES_MAX,
      "still there after this flood",
    );
    await flood.sendPortion();
    counts = await router.ask() as RouterCounts;
  }
  assertEquals([counts.connections, counts.clients], [2, 2]);
  await flood.sendPortion();
  assertEquals(flood.received, Array.from({ length: flood.sent }, (_, index) => index));

  const bytes = slow.readToEnd();
  // Agrees to the close that is to come, so that the router ends TCP.
  await slow.send(0x8, Uint8Array.of(0x03, 0xf5));
  const tail = (await bytes).subarray(-400);
  const text = new TextDecoder("latin1").decode(tail);
  const reason = "Connection closed: it reads too slowly";
  assertEquals(text.split(reason).length, 3, "not in an ERROR and in a close frame");
  // Before the reason: opcode of a close, length, code 1013.
  const reasonAt = text.lastIndexOf(reason);
  assertEquals([tail[reasonAt - 4], tail[reasonAt - 2], tail[reasonAt - 1]], [0x88, 0x03, 0xf5]);
});

Deno.test("a client that does not read costs the router no more than its bounds", async () => {
  await using router = LineProcess.start(
    "counting_router.ts",
    JSON.stringify({ outboxBytesMax: OUTBOX_BYTES_MAX }),
  );
  const port = Number(await router.next());
  await using reader = await RawClient.connect(port, "reader");
  await reader.ask({ type: "SUBSCRIBE", id: 1, pattern: "/flood/**", types: ALL_SIGNALS });
  await using sender = await RawClient.connect(port, "sender");
  const flood = new Flood(sender, reader);
  for (let i = 0; i < 25; i++) await flood.sendPortion();
  const { rssBytes } = await router.ask() as RouterCounts;

  using _slow = await subscribeAndStopReading(port);
  while (flood.sentBytes < 250 * MIB) await flood.sendPortion();
  const counts = await router.ask() as RouterCounts;
  assertEquals(counts.clients, 2);
  assertLess(counts.rssBytes - rssBytes, 100 * MIB);
});

Deno.test("a burst that comes faster than sockets send costs a reading client nothing", async () => {
  await using router = LineProcess.start("counting_router.ts", JSON.stringify({}));
  const port = Number(await router.next());
  await using reader = await RawClient.connect(port, "reader");
  await reader.ask({ type: "SUBSCRIBE", id: 1, pattern: "/flood/**", types: ALL_SIGNALS });
  await using sender = await RawClient.connect(port, "sender");
  const flood = new Flood(sender, reader);
  await flood.send(500);
  assertEquals(flood.received, Array.from({ length: 500 }, (_, index) => index));
});

/** A client that says HELLO, subscribes to the flood, and from then on reads nothing. */
async function subscribeAndStopReading(port: number): Promise<RawWebSocket> {
  const socket = await RawWebSocket.connect(port);
  const BINARY = 0x2;
  await socket.send(
    BINARY,
    encodeFrame({ type: "HELLO", version: 1, features: FEATURE.event, name: "slow" }),
  );
  await socket.send(
    BINARY,
    encodeFrame(
      { type: "SUBSCRIBE", id: 1, pattern: "/flood/**", types: ALL_SIGNALS },
      { qos: QOS.fire },
    ),
  );
  return socket;
}

/** Large events, numbered by their gesture id, sent in portions that the reader keeps up with. */
class Flood {
  readonly received: number[] = [];
  sent = 0;
  readonly #sender: RawClient;
  readonly #reader: RawClient;
  readonly #value = encodeValue(new Uint8Array(EVENT_BYTES));

  constructor(sender: RawClient, reader: RawClient) {
    this.#sender = sender;
    this.#reader = reader;
  }

  get sentBytes(): number {
    return this.sent * EVENT_BYTES;
  }

  /** Sends a portion and waits until the reader has all of it. */
  async sendPortion(): Promise<void> {
    await this.send(PORTION);
  }

  /** Sends so many at once and waits until the reader has all of them. */
  async send(count: number): Promise<void> {
    this.#reader.frames.length = 0;
    for (let i = 0; i < count; i++) {
      this.#sender.send({
        type: "PUBLISH",
        address: "/flood/event",
        signal: SIGNAL.event,
        phase: 0,
        value: this.#value,
        id: this.sent++,
      }, { qos: QOS.fire });
    }
    await this.#reader.until(() => this.#reader.frames.length >= count, "a portion of events");
    for (const { id } of this.#reader.all("PUBLISH")) this.received.push(id ?? NaN);
  }
}
