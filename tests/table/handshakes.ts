import { FEATURE, MESSAGE_CODE } from "../../src/wire/message.ts";
import { messagePack } from "./message_pack.ts";
import type { Names } from "./form.ts";
import { type Bytes, frame, join, text, uint } from "./raw_bytes.ts";
import { TableSocket } from "./table_socket.ts";
import type { Habits } from "./wire_session.ts";

const CLIENT_FEATURES = FEATURE.param | FEATURE.event | FEATURE.stream | FEATURE.gesture |
  FEATURE.timeline;
const PEER_FEATURES = FEATURE.param | FEATURE.event | FEATURE.stream | FEATURE.federation;

/** What a client does by itself: nothing. */
export const CLIENT_HABITS: Habits = { answersSync: false, marker: "SYNC" };
/** What a public router does by itself. */
export const LEGACY_HABITS: Habits = { ...CLIENT_HABITS, answersPing: true };
/** What a router does by itself. */
export const PEER_HABITS: Habits = { answersSync: true, marker: "SYNC" };

/** HELLO of a client. */
export const CLIENT_HELLO: Bytes = frame(
  join(MESSAGE_CODE.HELLO, 1, CLIENT_FEATURES, text("table"), text("")),
);
/** HELLO of a client that speaks v0. */
export const V0_HELLO: Bytes = frame(
  messagePack({ type: "HELLO", version: 1, name: "table", features: ["param", "event"] }),
  { flags: 0 },
);
/** HELLO of a public router. */
export const LEGACY_HELLO: Bytes = frame(
  join(MESSAGE_CODE.HELLO, 1, PEER_FEATURES, text("table"), text("")),
);

/** HELLO of a router that speaks the envelope. */
export function peerHello(routerId: string): Bytes {
  return frame(join(
    MESSAGE_CODE.HELLO,
    1,
    PEER_FEATURES | FEATURE.envelope,
    text("table"),
    text(""),
    trailer(routerId),
  ));
}

/** WELCOME of a hub, or of a public router. */
export function welcome(routerId: string | undefined): Bytes {
  const features = routerId === undefined ? CLIENT_FEATURES : PEER_FEATURES | FEATURE.envelope;
  return frame(join(
    MESSAGE_CODE.WELCOME,
    1,
    features,
    uint(8, 0),
    text("s"),
    text("table"),
    text(""),
    routerId === undefined ? join() : trailer(routerId),
  ));
}

/** A declaration of the sender's namespace; with its owner and path unless it is a public router. */
export function declaration(
  { namespace, routerId }: Pick<Names, "namespace" | "routerId">,
  isLegacy: boolean,
): Bytes {
  return frame(join(
    MESSAGE_CODE.FEDERATION_SYNC,
    0x01,
    uint(2, 1),
    text(namespace),
    uint(2, 0),
    0x40,
    text(routerId),
    isLegacy ? join() : join(0, text(routerId), 1, 1, text(routerId)),
  ));
}

/** SyncComplete for one pattern. */
export function syncComplete(pattern: string, routerId: string): Bytes {
  return frame(join(
    MESSAGE_CODE.FEDERATION_SYNC,
    0x04,
    uint(2, 1),
    text(pattern),
    uint(2, 0),
    0x40,
    text(routerId),
  ));
}

/** ACK without anything. */
export const ACK: Bytes = frame(join(MESSAGE_CODE.ACK, 0));

/** SUBSCRIBE to everything. */
export const SUBSCRIBE_ALL: Bytes = frame(
  join(MESSAGE_CODE.SUBSCRIBE, uint(4, 49_999), text("/**"), 0xff, 0),
);

/** SET of a small integer. */
export function setSeven(address: string): Bytes {
  return frame(join(MESSAGE_CODE.SET, 0x04, text(address), uint(4, 7)));
}

/** ANNOUNCE of one param. */
export function announcement(address: string): Bytes {
  return frame(join(MESSAGE_CODE.ANNOUNCE, text(address), uint(2, 1), text(address), 0, 0));
}

/** A client that is subscribed to everything, and what it saw of it forgotten. */
export async function openBystander(port: number): Promise<TableSocket> {
  const socket = await TableSocket.connect(port, { habits: CLIENT_HABITS });
  socket.session.send(CLIENT_HELLO, SUBSCRIBE_ALL);
  await socket.session.settle();
  socket.session.forget();
  return socket;
}

function trailer(routerId: string): Bytes {
  return join(text(routerId), uint(8, 1), uint(8, 0), 0);
}
