import { encodeFrame } from "../../src/wire/frame.ts";
import { QOS, SIGNAL } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { FramingRouter } from "./framing_router.ts";

const address = "/site-a/fixture/0042/level";
const value = encodeValue(0.5);
const frame = { qos: QOS.fire };
const published = { type: "PUBLISH", address, phase: 0, value } as const;
const set = encodeFrame({ type: "SET", address, value }, frame);
const event = encodeFrame({ ...published, signal: SIGNAL.event }, frame);
const sample = encodeFrame({ ...published, signal: SIGNAL.stream }, frame);
/** What comes, one after the other. */
const MIXTURES = { SET: [set], event: [event], stream: [sample], "SET and event": [set, event] };

for (const clients of [1, 50]) {
  for (const turn of [1, 100]) {
    for (const [name, messages] of Object.entries(MIXTURES)) {
      const router = new FramingRouter(clients);
      let next = 0;
      Deno.bench(`${turn} x ${name} to ${clients} clients, one turn`, {
        group: `fan-out to ${clients}, ${turn} a turn`,
      }, () => {
        let expected = 0;
        for (let n = 0; n < turn; n++) {
          const message = messages[next++ % messages.length] ?? set;
          router.receive(message);
          expected += clients * message.length;
        }
        if (router.endTurn() < expected) throw new Error("A message did not arrive");
      });
    }
  }
}
