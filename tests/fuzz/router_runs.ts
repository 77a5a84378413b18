import { ByteWriter } from "../../src/wire/byte_writer.ts";
import { decodeClientFrame } from "../../src/wire/client_frame.ts";
import { type FrameOptions, writeFrame } from "../../src/wire/frame.ts";
import type { Message } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { FederationNode } from "../unit/federation/federation_node.ts";
import {
  declaration,
  forwardEvent,
  forwardRequest,
  forwardVersion,
  type Frame,
  namespaceSync,
  registerLeaf,
  type TestPeer,
} from "../unit/federation/test_peer.ts";
import { type TestConnection, TestRouter } from "../unit/router/test_router.ts";
import { EXTENSION_FRAMES } from "../unit/wire/extension_frames.ts";
import { RUST_PAYLOADS } from "../unit/wire/v0_payloads.ts";
import { fromHex, loadVectors } from "../unit/wire/vector_form.ts";
import { outcomeOf } from "./fuzz_target.ts";

/** A router starts anew after so many inputs: state piles up, as it may, and replays get long. */
const INPUTS_PER_ROUTER = 200;
/** Of the answers to one input, so many are looked at. */
const ANSWERS_TOLD = 4;

let session: { readonly router: TestRouter; readonly client: TestConnection } | undefined;
let sessionInputs = 0;
let link: { readonly hub: FederationNode; readonly leaf: TestPeer } | undefined;
let linkInputs = 0;

/** What clients send, in v1 and in v0. */
export function sessionFrames(): Uint8Array[] {
  const v0 = RUST_PAYLOADS.map(({ hex }) => {
    const payload = fromHex(hex);
    return Uint8Array.of(0x53, 0x40, payload.length >> 8, payload.length & 0xff, ...payload);
  });
  return [...loadVectors().map(({ hex }) => fromHex(hex)), ...v0];
}

/** A client that was welcomed sends it to a router. What waits is sent, and a second passes. */
export function runSession(input: Uint8Array): string {
  if (session === undefined || sessionInputs++ % INPUTS_PER_ROUTER === 0) {
    const router = new TestRouter();
    session = { router, client: router.client() };
    session.client.subscribe("/**");
  }
  const { router, client } = session;
  client.sendBytes(input);
  if (router.core.wantsFlush) router.core.flush(router.nowMicros);
  router.advance(1_000);
  const told = kinds(client.readBytes());
  if (client.closed !== undefined) session = undefined;
  router.port.take();
  return told;
}

/** What peers send: each known frame, and contexts with what they cover. */
export function peerEnvelopes(): Uint8Array[] {
  const set: Message = { type: "SET", address: "/site-a/x", value: encodeValue(1), ttl: 0 };
  const event: Message = {
    type: "PUBLISH",
    address: "/site-a/go",
    signal: 1,
    phase: 0,
    value: encodeValue("go"),
  };
  return [
    ...EXTENSION_FRAMES.map(({ hex }) => fromHex(hex)),
    ...loadVectors().map(({ hex }) => fromHex(hex)),
    envelope(...forwardVersion("update", "/site-a/x", { origin: "site-a" })),
    envelope(...forwardVersion("offer", "/elsewhere/x"), { type: "PING" }),
    envelope(...forwardRequest({ ...set, type: "SET" })),
    envelope(...forwardEvent(event), ...forwardEvent(event, { sequence: 2 })),
    envelope(declaration("site-a", ["/site-a/**", "/a/*/b"])),
    envelope(namespaceSync("RequestSync", ["/site-a/**"]), { type: "SYNC", t1: 1 }),
    envelope(
      { type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0xff },
      namespaceSync(
        "RequestSync",
        [],
      ),
    ),
  ];
}

function envelope(...messages: readonly Frame[]): Uint8Array {
  const writer = new ByteWriter();
  for (const frame of messages) {
    const [message, options]: readonly [Message, FrameOptions] = "type" in frame
      ? [frame, {}]
      : frame;
    writeFrame(writer, message, options);
  }
  return writer.copy();
}

/** A leaf that has registered sends it to its hub. What waits is sent, and a little time passes. */
export function runLink(input: Uint8Array): string {
  if (link === undefined || linkInputs++ % INPUTS_PER_ROUTER === 0) {
    const hub = new FederationNode({ routerId: "hub" });
    link = { hub, leaf: registerLeaf(hub, "site-a", ["/site-a/**"]) };
  }
  const { hub, leaf } = link;
  hub.core.received(leaf.id, input, hub.nowMicros);
  hub.flush();
  hub.advance(100);
  hub.flush();
  const told = kinds(hub.port.sentOn(leaf.id));
  const isOver = leaf.closed !== undefined || hub.linkState("site-a") === undefined;
  hub.port.take();
  hub.events.length = 0;
  if (isOver) link = undefined;
  return told;
}

/** What was answered: the types of messages, and what errors say; of several frames the first. */
function kinds(sent: readonly Uint8Array[]): string {
  const told = sent.slice(0, ANSWERS_TOLD).map((bytes) => {
    const { message } = decodeClientFrame(bytes);
    return message.type === "ERROR"
      ? outcomeOf(`${message.code} ${message.message}`)
      : message.type;
  });
  return [...new Set(told)].sort().join(" ");
}
