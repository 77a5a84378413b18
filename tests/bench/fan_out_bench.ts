import { encodeFrame } from "../../src/wire/frame.ts";
import { QOS, SIGNAL } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { FramingRouter } from "./framing_router.ts";

const address = "/site-a/fixture/0042/level";
const value = encodeValue(0.5);
const frame = { qos: QOS.fire };
const published = { type: "PUBLISH", address, phase: 0, value } as const;
const MESSAGES = {
  SET: encodeFrame({ type: "SET", address, value }, frame),
  event: encodeFrame({ ...published, signal: SIGNAL.event }, frame),
  stream: encodeFrame({ ...published, signal: SIGNAL.stream }, frame),
};

for (const clients of [1, 50]) {
  for (const turn of [1, 100]) {
    for (const [name, message] of Object.entries(MESSAGES)) {
      const router = new FramingRouter(clients);
      Deno.bench(`${turn} x ${name} to ${clients} clients, one turn`, {
        group: `fan-out to ${clients}, ${turn} a turn`,
      }, () => {
        for (let n = 0; n < turn; n++) router.receive(message);
        const expected = turn * clients * message.length;
        if (router.endTurn() < expected) throw new Error("A message did not arrive");
      });
    }
  }
}
