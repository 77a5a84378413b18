import { readEnvelope } from "../../../src/federation/envelope_reader.ts";
import { writePeerFrame } from "../../../src/router/param_change.ts";
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import { encodeFrame, type FrameOptions, writeFrame } from "../../../src/wire/frame.ts";
import { ALL_SIGNALS, QOS, type SetMessage } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";
import { FederationNode } from "./federation_node.ts";
import { registerLeaf } from "./test_peer.ts";

const STAMP = { revision: 7, ttl: 30 } as const;

/** How a frame is made: with bytes behind its message, if wanted. */
type Framing = FrameOptions & { readonly trailing?: readonly number[] };

interface Sent {
  readonly set?: Partial<SetMessage>;
  readonly framing?: Framing;
  /** Revision of what the hub knows before. */
  readonly knownRevision?: number;
}

/** Sends a SET as an update of a leaf's; returns the frame that another leaf gets of it. */
function passOn(
  { set, framing, knownRevision }: Sent,
): { readonly hub: FederationNode; readonly address: string; readonly frame: Uint8Array } {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", ["/leaf/**"]);
  const other = registerLeaf(hub, "other", []);
  other.ask({ type: "SUBSCRIBE", id: 1, pattern: "/leaf/**", types: ALL_SIGNALS });
  const message: SetMessage = {
    ...{ type: "SET", address: "/leaf/a", value: encodeValue("on"), ...STAMP },
    ...set,
  };
  const timestampMicros = hub.federation.timeMicros();
  const send = (sent: SetMessage, how: Framing): void => {
    const writer = new ByteWriter();
    writeFrame(writer, {
      ...{ type: "FEDERATION_SYNC", op: "Forward", kind: "update", count: 1, origin: "leaf" },
    });
    writer.append(frameWith(sent, { qos: QOS.fire, timestampMicros, ...how }));
    hub.core.received(leaf.id, writer.copy(), hub.nowMicros);
    hub.flush();
  };
  if (knownRevision !== undefined) {
    const before = { ...message, revision: knownRevision, value: encodeValue("before") };
    send(before, { timestampMicros: timestampMicros - 1 });
  }
  hub.port.actions = [];
  send(message, framing ?? {});
  const frames: Uint8Array[] = [];
  for (const bytes of hub.port.sentOn(other.id)) {
    readEnvelope(bytes, {
      isDone: false,
      message() {},
      forwarded: (_context, _index, frame) => frames.push(frame.bytes.slice()),
    });
  }
  assertEquals(frames.length, 1);
  return { hub, address: message.address, frame: frames[0] ?? new Uint8Array() };
}

/** A frame with bytes behind its message, which every reader passes over. */
function frameWith(message: SetMessage, { trailing = [], ...options }: Framing): Uint8Array {
  const frame = new Uint8Array([...encodeFrame(message, options), ...trailing]);
  new DataView(frame.buffer).setUint16(2, frame.length - 12);
  return frame;
}

const CASES: Readonly<Record<string, Sent>> = {
  "as routers write it": {},
  "of which the revision was raised": { set: { revision: 1 }, knownRevision: 9 },
  "with other bytes behind it": { framing: { trailing: [1, 2, 3] } },
  "with another QoS": { framing: { qos: QOS.commit } },
  "without a TTL": { set: { ttl: undefined } },
  "without a TTL, but as long": { set: { ttl: undefined }, framing: { trailing: [0, 0, 0, 9] } },
  "with a lock, which is none of an update": { set: { lock: true } },
  "with an unlock likewise": { set: { unlock: true } },
  "of an address in other letters": { set: { address: "/leaf/é" } },
  "with an empty string": { set: { value: encodeValue("") } },
};

for (const [what, sent] of Object.entries(CASES)) {
  Deno.test(`a version ${what} is passed on as this router keeps it`, () => {
    const { hub, address, frame } = passOn(sent);
    const version = hub.core.params.get(address);
    if (version === undefined) throw new Error("It was not kept");
    const writer = new ByteWriter();
    writePeerFrame(writer, address, version);
    assertEquals(frame, writer.copy());
  });
}
