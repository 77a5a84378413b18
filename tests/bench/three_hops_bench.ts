import { encodeFrame } from "../../src/wire/frame.ts";
import { ALL_SIGNALS, QOS } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { InProcessFederation } from "./in_process_federation.ts";

const ADDRESSES = 1_000;
const TURN = 100;

/** Site A, the hub, site B: no sockets, so this is the routers' own part of an update's way. */
for (const clients of [1, 50]) {
  const federation = new InProcessFederation();
  federation.add("hub");
  const a = federation.add("a", { hub: "hub", namespace: "/a/**" });
  const b = federation.add("b", { hub: "hub", namespace: "/b/**" });
  federation.advance(10_000);
  for (let client = 0; client < clients; client++) {
    b.say({ type: "SUBSCRIBE", id: 1, pattern: "/a/**", types: ALL_SIGNALS }, client);
  }
  const frames = Array.from({ length: ADDRESSES }, (_, n) => {
    const address = `/a/fixture/${String(n).padStart(4, "0")}/level`;
    return encodeFrame({ type: "SET", address, value: encodeValue(n / 7) }, { qos: QOS.fire });
  });
  let next = 0;
  let expected = b.sent.messages;
  const name = `${TURN} SETs at A to ${clients} clients at B, one turn`;
  Deno.bench(name, { group: "three hops" }, () => {
    for (let n = 0; n < TURN; n++) a.sayFrame(frames[next++ % ADDRESSES] ?? new Uint8Array());
    federation.run();
    expected += TURN * clients;
    if (b.sent.messages < expected) throw new Error("An update did not arrive");
  });
}
