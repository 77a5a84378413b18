import { ALL_SIGNALS, type Message, QOS, SIGNAL } from "../../src/wire/message.ts";
import { decodeValue, encodeValue } from "../../src/wire/value_codec.ts";
import { assertEquals } from "../support/assert.ts";
import { LocalRouter } from "../support/local_router.ts";
import { RawClient } from "../support/raw_client.ts";

const COUNT = 3_000;
const SIGNALS = [SIGNAL.event, SIGNAL.param, SIGNAL.timeline, SIGNAL.event, SIGNAL.event];

/** The n-th of a mixture of values and events. A socket has room for all of them, so none waits. */
function messageOf(n: number): Message {
  const value = encodeValue(n % 100 === 0 ? `${n} `.padEnd(2_000, ".") : `${n} `);
  const signal = SIGNALS[n % SIGNALS.length] ?? SIGNAL.event;
  return signal === SIGNAL.param
    ? { type: "SET", address: `/param/${n}`, value }
    : { type: "PUBLISH", address: "/cue", signal, phase: 0, value };
}

/** The kind of a message and what it says, without what the router adds. */
function partsOf(message: Message): unknown {
  if (message.type !== "SET" && message.type !== "PUBLISH") return message.type;
  const signal = message.type === "SET" ? SIGNAL.param : message.signal;
  return [signal, message.address, message.value && decodeValue(message.value)];
}

Deno.test("params and events of one writer reach each client in order, all that it wants, intact", async () => {
  await using local = new LocalRouter({ maxMessagesPerSecond: 0 });
  await using writer = await RawClient.connect(local.port);
  await using all = await RawClient.connect(local.port);
  await using cues = await RawClient.connect(local.port);
  for (const [reader, types] of [[all, ALL_SIGNALS], [cues, 1 << SIGNAL.event]] as const) {
    await reader.ask({ type: "SUBSCRIBE", id: 1, pattern: "/**", types });
    reader.frames.length = 0;
  }
  const sent = Array.from({ length: COUNT }, (_, n) => messageOf(n));
  for (const message of sent) writer.send(message, { qos: QOS.fire });
  const events = sent.filter((message) => "signal" in message && message.signal === SIGNAL.event);
  for (const [reader, expected] of [[all, sent], [cues, events]] as const) {
    await reader.until(() => reader.frames.length >= expected.length, "the last of them");
    assertEquals(reader.frames.map(({ message }) => partsOf(message)), expected.map(partsOf));
  }
});
