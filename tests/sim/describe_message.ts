import {
  type DigestMessage,
  type EncodedValue,
  type LeaseMessage,
  type Message,
  type SignalsMessage,
  VALUE_CODE,
} from "../../src/wire/message.ts";
import { decodeTtl } from "../../src/wire/ttl.ts";
import { decodeUtf8 } from "../../src/wire/utf8.ts";
import { decodeValue } from "../../src/wire/value_codec.ts";
import { type PeerFrame, readPeerFrames } from "./peer_frames.ts";

const SHOWN_MAX = 40;
/** Type code and length of a string. */
const STRING_START = 3;
const [SPACE, QUOTE, BACKSLASH, TILDE] = [0x20, 0x22, 0x5c, 0x7e] as const;

/** Several checkers ask for the same one, one after the other. */
let last: { readonly value: EncodedValue; readonly text: string } | undefined;

/** One line for all that a WebSocket message holds. */
export function describeBytes(bytes: Uint8Array): string {
  return readPeerFrames(bytes).map(describeFrame).join(" | ");
}

/** A value, for people. No two values that clients of a simulation set read the same. */
export function describeValue(value: EncodedValue | undefined): string {
  if (value === undefined) return "nothing";
  if (last?.value !== value) last = { value, text: describePlain(value) ?? describeAny(value) };
  return last.text;
}

function describeAny(value: EncodedValue): string {
  const text = JSON.stringify(decodeValue(value));
  return shorten(text, text.length);
}

/** The same for what most values are: a string that JSON escapes nothing of. */
function describePlain(value: EncodedValue): string | undefined {
  if (value[0] !== VALUE_CODE.string) return undefined;
  for (let index = STRING_START; index < value.length; index++) {
    const unit = value[index] ?? 0;
    if (unit < SPACE || unit > TILDE || unit === QUOTE || unit === BACKSLASH) return undefined;
  }
  const end = Math.min(value.length, STRING_START + SHOWN_MAX);
  const text = decodeUtf8(value, STRING_START, end) ?? "";
  return shorten(`"${text}"`, value.length - STRING_START + 2);
}

function shorten(start: string, length: number): string {
  return length <= SHOWN_MAX ? start : `${start.slice(0, SHOWN_MAX)}... (${length} characters)`;
}

function describeFrame({ message, context, timestampMicros }: PeerFrame): string {
  if (context === undefined) return describe(message);
  const { kind, origin } = context.message;
  const time = timestampMicros === undefined ? "" : ` at ${timestampMicros}`;
  const isTombstone = "tombstones" in context.message;
  return `${kind}${isTombstone ? " (tombstone)" : ""} of ${origin}${identityOf(context)}: ${
    describe(message)
  }${time}`;
}

function identityOf({ message, index }: NonNullable<PeerFrame["context"]>): string {
  switch (message.kind) {
    case "update":
    case "offer":
      return "";
    case "request":
    case "share":
    case "shareReply":
      return `#${message.entries[index]?.requestId}`;
    case "event":
      return `#${message.entries[index]?.sequence}`;
    case "reply": {
      const entry = message.entries[index];
      return `#${entry?.requestId}${entry?.stamperId ? ` by ${entry.stamperId}` : ""}`;
    }
  }
}

function describe(message: Message): string {
  switch (message.type) {
    case "SET":
      return `SET ${message.address} = ${describeValue(message.value)}` +
        (message.lock ? " lock" : "") + (message.unlock ? " unlock" : "") +
        (message.revision === undefined ? "" : ` r${message.revision}`) +
        (message.ttl ? ` for ${describeTtl(message.ttl)}` : "");
    case "BUNDLE":
      return `BUNDLE of ${message.messages.map(describe).join(", ")}`;
    case "PUBLISH":
      return `PUBLISH ${message.address} ${describeValue(message.value)}`;
    case "SNAPSHOT":
      return `SNAPSHOT ${
        message.params.map(({ address, value, revision }) =>
          `${address} = ${describeValue(value)} r${revision}`
        ).join(", ")
      }`;
    case "ACK":
      return `ACK ${message.address ?? ""} ${message.revision ?? ""}`.trimEnd() +
        (message.holder === undefined ? "" : ` locked by ${message.holder}`);
    case "ERROR":
      return `ERROR ${message.code} ${message.message}`;
    case "SUBSCRIBE":
      return `SUBSCRIBE ${message.id} ${message.pattern}`;
    case "SYNC":
      return message.t2 === undefined ? "SYNC?" : "SYNC!";
    case "FEDERATION_SYNC":
      if (message.op === "Forward") return "FORWARD";
      if (message.op === "Digest") return describeDigest(message);
      if (message.op === "Time") return `Time ${message.timeMicros}`;
      if (message.op === "Lease") return describeLease(message);
      if (message.op === "LinkAck") return `LINK_ACK ${message.events}`;
      if (message.op === "SignalAnswer") return `signal #${message.sequence}: ${message.code}`;
      if (message.op === "Signals") return describeSignals(message);
      if (message.op === "ShareCancel") return `ShareCancel #${message.requestId}`;
      return `${message.op} ${
        message.patterns.map((pattern, index) => {
          const claim = message.declare?.claims[index];
          if (claim === undefined) return pattern;
          return `${pattern} (${claim.ownerId}${claim.live ? "" : ", lost"})`;
        }).join(" ")
      }${message.declare === undefined ? "" : ` path ${message.declare.path.join(">")}`}`;
    default:
      return message.type;
  }
}

function describeTtl(raw: number): string {
  const ttl = decodeTtl(raw);
  return ttl.kind === "never" ? ttl.kind : `${ttl.seconds} s ${ttl.kind}`;
}

function describeLease({ kind, origin, entries }: LeaseMessage): string {
  const locks = entries.map(({ address, holder }) => `${address} by ${holder}`);
  return `Lease ${kind} of ${origin}: ${locks.join(", ")}`;
}

function describeSignals({ offered, withdrawn, joined, left }: SignalsMessage): string {
  const addresses = offered.map(({ address }) => address).join(" ");
  return `Signals +[${addresses}] -[${withdrawn.join(" ")}] ` +
    `sessions +[${joined.join(" ")}] -[${left.join(" ")}]`;
}

function describeDigest({ exchangeId, root, groups, lists, wants, idle }: DigestMessage): string {
  const listed = lists.flatMap(({ versions }) =>
    versions.map(({ address, revision, tombstone }) =>
      `${address} r${revision}${tombstone ? " gone" : ""}`
    )
  );
  return `Digest ${exchangeId}` + (root === undefined ? "" : ` root of ${root.count}`) +
    (groups.length === 0 ? "" : ` ${groups.length} groups`) +
    (lists.length === 0 ? "" : ` lists [${listed.join(", ")}]`) +
    (wants.length === 0 ? "" : ` wants ${wants.join(" ")}`) + (idle ? " idle" : "");
}
