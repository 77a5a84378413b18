import type { PeerFrame } from "../sim/peer_frames.ts";
import {
  type Message,
  type NamespaceSyncMessage,
  type SignalsMessage,
  VALUE_CODE,
} from "../../src/wire/message.ts";
import { isReserved } from "../../src/router/reserved.ts";
import { isV0Frame } from "../../src/wire/v0_frame.ts";
import type { Names } from "./form.ts";
import type { Heard } from "./wire_session.ts";

/** What is different at each run, and what stands for it. */
export interface Volatile {
  readonly names: Names;
  /** Ids of sessions. */
  readonly sessions: readonly string[];
  /** The session speaks v0. */
  readonly isV0?: boolean;
}

/** Nothing came. */
export const SILENCE = "nothing";
/** The session goes on. */
export const GOES_ON = "goes on";

/** All that came for a message, in words that are the same at each run. */
export function describeHeard({ frames }: Heard, names: Volatile): string {
  const described = frames.filter((frame) => !isUpdateAboutLinks(frame)).map((frame) =>
    spoken(frame, names) + steady(describeOwn(frame, names.names), names)
  );
  // A snapshot may come in any number of messages.
  const distinct = described.filter((text, index) =>
    (text !== STATE && text !== DEFINITIONS) || described[index - 1] !== text
  );
  return distinct.length === 0 ? SILENCE : distinct.join(", ");
}

/** Whether a session goes on, or how it was closed. */
export function describeEnd({ frames, end }: Heard, names: Volatile): string {
  if (end === undefined) return GOES_ON;
  const errors = frames.flatMap(({ message }) => message.type === "ERROR" ? message.message : []);
  const isSame = end.reason.length > 0 && errors.some((text) => text.startsWith(end.reason));
  if (isSame) return `closed with ${end.code}, the same reason`;
  return `closed with ${end.code}, ` +
    (end.reason === "" ? "no reason" : `"${steady(end.reason, names)}"`);
}

/** What a bystander saw. */
export function describeEffects(frames: readonly PeerFrame[], names: Volatile): string {
  const effects = frames.filter(({ message }) => !isAboutLinks(message))
    .map((frame) => steady(describeFrame(frame), names));
  return effects.length === 0 ? "" : effects.join(", ");
}

/** In what an answer is, when that is not what the session speaks. */
function spoken({ bytes }: PeerFrame, { isV0 = false }: Volatile): string {
  return isV0Frame(bytes) === isV0 ? "" : isV0 ? "in v1: " : "in v0: ";
}

/** What others have set depends on what was asked before. */
function describeOwn(frame: PeerFrame, { address, kept, outside }: Names): string {
  const { message } = frame;
  const isOwn = (about: { readonly address: string }) =>
    about.address === kept || about.address.startsWith(address) ||
    about.address.startsWith(outside);
  if (message.type === "SNAPSHOT" && !message.params.every(isOwn)) return STATE;
  if (message.type === "RESULT" && !message.signals.every(isOwn)) return DEFINITIONS;
  return describeFrame(frame);
}

const STATE = "SNAPSHOT of the state";
const DEFINITIONS = "RESULT of all definitions";
const LONG = 100;

/** What routers tell of their links, as maps, comes whenever it changes. */
function isAboutLinks(message: Message): boolean {
  return message.type === "SET" && isReserved(message.address) &&
    message.value[0] === VALUE_CODE.map;
}

/** To whom is subscribed to everything it comes in the midst of all else. */
function isUpdateAboutLinks({ message, context }: PeerFrame): boolean {
  return context?.message.kind === "update" && isAboutLinks(message);
}

/** The same text at each run. */
function steady(text: string, { names, sessions }: Volatile): string {
  const { address, kept, outside, routerId } = names;
  let result = text;
  for (const session of sessions) {
    result = result.replaceAll(session, "SESSION")
      .replaceAll(new TextEncoder().encode(session).toHex(), "(SESSION)");
  }
  result = result.replaceAll(address, "ADDRESS").replaceAll(kept, "KEPT")
    .replaceAll(outside, "OUTSIDE").replaceAll(address.slice(1), "ADDRESS without slash")
    .replaceAll(/\b127\.0\.0\.1:\d+\b/g, "HOST")
    .replaceAll(/offset \d+: it takes \d+ bytes, \d+ are left/g, "its offset: too few bytes left")
    .replaceAll(/at offset \d+/g, "at its offset")
    .replaceAll(/the request was \d+ ms on its way/g, "the request was too long on its way")
    .replaceAll(/\b\d+ s ahead of/g, "too far ahead of")
    .replaceAll(routerId, "SENDER");
  // Fillers of long texts, and control characters.
  result = result.replaceAll(/(.)\1{30,}/g, (run, letter) => `${letter}...(${run.length})`)
    .replaceAll(/(\/s){10,}/g, (run) => `/s...(${run.length / 2})`);
  return [...result].map(escaped).join("");
}

/** What would break the table apart, in another way. */
function escaped(letter: string): string {
  const code = letter.charCodeAt(0);
  return code < 0x20 || letter === "|" ? `\\x${code.toString(16).padStart(2, "0")}` : letter;
}

function describeFrame({ message, context }: PeerFrame): string {
  if (context === undefined) return describe(message);
  const { kind, origin } = context.message;
  return `${kind} of ${origin}: ${describe(message)}`;
}

function describe(message: Message): string {
  switch (message.type) {
    case "SET":
      return `SET ${message.address}` +
        (message.revision === undefined ? "" : ` r${message.revision}`) + ` ${hex(message.value)}` +
        (message.ttl === undefined || message.ttl === 0
          ? ""
          : ` TTL 0x${message.ttl.toString(16)}`);
    case "PUBLISH":
      return `PUBLISH ${message.address} signal ${message.signal}` +
        (message.phase === 0 ? "" : ` phase ${message.phase}`) +
        (message.value === undefined ? "" : ` ${hex(message.value)}`) +
        (message.samples === undefined ? "" : ` ${message.samples.length} samples`) +
        (message.timestampMicros === undefined ? "" : ` timestamp ${message.timestampMicros}`) +
        (message.id === undefined ? "" : ` id ${message.id}`) +
        (message.rate === undefined ? "" : ` rate ${message.rate}`);
    case "SNAPSHOT": {
      if (message.params.length === 0) return "SNAPSHOT of nothing";
      return `SNAPSHOT ${
        message.params.map(({ address, revision }) => `${address} r${revision}`).join(" ")
      }`;
    }
    case "ACK":
      return `ACK ${message.address ?? ""}` +
        (message.revision === undefined ? "" : ` r${message.revision}`) +
        (message.holder === undefined ? "" : ` locked by ${message.holder}`);
    case "ERROR":
      return `ERROR ${message.code} "${message.message}"` +
        (message.address === undefined || message.message.includes(message.address)
          ? ""
          : ` at ${message.address}`);
    case "SUBSCRIBE":
      return `SUBSCRIBE ${message.id} ${message.pattern}`;
    case "UNSUBSCRIBE":
      return `UNSUBSCRIBE ${message.id}`;
    case "SYNC":
      return message.t2 === undefined ? "SYNC" : `SYNC answered, t1 ${message.t1}`;
    case "GET":
      return `GET ${message.address}`;
    case "RESULT":
      if (message.signals.length === 0) return "RESULT of nothing";
      return `RESULT ${
        message.signals.map(({ address, signal, datatype, access }) =>
          [address, `signal ${signal}`, datatype, access].filter((part) => part).join(" ")
        ).join("; ")
      }`;
    case "ANNOUNCE":
      return `ANNOUNCE ${message.namespace} of ${message.signals.length}`;
    case "FEDERATION_SYNC":
      return describeSync(message);
    default:
      return message.type;
  }
}

function describeSync(message: Message & { readonly type: "FEDERATION_SYNC" }): string {
  switch (message.op) {
    case "Digest":
      return `DIGEST${message.root === undefined ? "" : " root"}` +
        `${message.groups.length > 0 ? " groups" : ""}${message.lists.length > 0 ? " lists" : ""}` +
        `${message.wants.length > 0 ? ` wants ${message.wants.join(" ")}` : ""}` +
        `${message.idle ? " idle" : ""}`;
    case "Lease":
      return `LEASE ${message.kind} ${
        message.entries.map(({ address, holder }) => `${address} by ${holder}`).join(" ")
      }`;
    case "LinkAck":
      return `LINK_ACK ${message.events}`;
    case "SignalAnswer":
      return `SIGNAL_ANSWER ${message.code}`;
    case "ShareCancel":
      return `SHARE_CANCEL ${message.requestId}`;
    case "Signals":
      return describeSignals(message);
    case "Forward":
    case "Time":
      return message.op;
    default:
      return describeNamespaces(message);
  }
}

/** Only what is not empty. */
function describeSignals({ offered, withdrawn, joined, left }: SignalsMessage): string {
  const lists = Object.entries({
    offered: offered.map(({ address }) => address),
    withdrawn,
    joined,
    left,
  });
  const shown = lists.filter(([, items]) => items.length > 0)
    .map(([name, items]) => ` ${name} ${items.join(" ")}`);
  return `SIGNALS${shown.join("")}`;
}

function describeNamespaces({ op, patterns, declare }: NamespaceSyncMessage): string {
  const shown = patterns.length > 3 ? `${patterns.length} patterns` : patterns.join(" ");
  const path = declare === undefined ? "" : ` path ${declare.path.join(" > ")}`;
  return `${op} ${shown}${path}`.trimEnd();
}

function hex(value: Uint8Array): string {
  const text = value.toHex();
  return text.length <= LONG ? text : `${text.slice(0, 16)}...(${value.length} bytes)`;
}
