import { ByteWriter } from "../../src/wire/byte_writer.ts";
import { decodeFrame, encodeFrame, writeFrame } from "../../src/wire/frame.ts";
import { type Message, SIGNAL } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";

const ADDRESS = "/site-a/stage/zone5/fader/17";
const SNAPSHOT_PARAMS = 100;

const MESSAGES: Readonly<Record<string, Message>> = {
  "SET, a number": { type: "SET", address: ADDRESS, value: encodeValue(0.5), revision: 7 },
  "SET, a map": {
    type: "SET",
    address: ADDRESS,
    value: encodeValue({ r: 1, g: 0.5, b: 0, name: "amber" }),
    revision: 7,
  },
  "PUBLISH, an event": {
    type: "PUBLISH",
    address: ADDRESS,
    signal: SIGNAL.event,
    phase: 0,
    value: encodeValue("go"),
    timestampMicros: 1_700_000_000_000_000,
  },
  [`SNAPSHOT, ${SNAPSHOT_PARAMS} params`]: {
    type: "SNAPSHOT",
    params: Array.from({ length: SNAPSHOT_PARAMS }, (_, n) => ({
      address: `${ADDRESS}/${n}`,
      value: encodeValue(n / SNAPSHOT_PARAMS),
      revision: n,
      writer: "site-a",
      timestampMicros: 1_700_000_000_000_000,
    })),
  },
};

const writer = new ByteWriter(65_536);

for (const [name, message] of Object.entries(MESSAGES)) {
  const frame = encodeFrame(message);
  Deno.bench(`decode ${name}`, { group: "decode" }, () => {
    decodeFrame(frame);
  });
  Deno.bench(`encode ${name}`, { group: "encode" }, () => {
    writer.reset();
    writeFrame(writer, message);
  });
}
