import { decodeCapability } from "../../src/auth/decode_capability.ts";
import { encodeCapability } from "../../src/auth/encode_capability.ts";
import { examineCapability } from "../../src/auth/examine_capability.ts";
import { grantCapability } from "../../src/auth/grant_capability.ts";
import { TokenError } from "../../src/auth/token_error.ts";
import { readEnvelope } from "../../src/federation/envelope_reader.ts";
import { encodeV0Messages } from "../../src/router/v0_messages.ts";
import { decodeClientFrame } from "../../src/wire/client_frame.ts";
import { decodeFrame, encodeFrame } from "../../src/wire/frame.ts";
import { FrameTooLargeError } from "../../src/wire/frame_too_large_error.ts";
import type { Message } from "../../src/wire/message.ts";
import { readMessage } from "../../src/wire/message_reader.ts";
import { readV0Message } from "../../src/wire/v0_reader.ts";
import { WireError } from "../../src/wire/wire_error.ts";
import { GOLDEN_POLICY, GOLDEN_TOKENS } from "../support/capability_tokens.ts";
import { EXTENSION_FRAMES } from "../unit/wire/extension_frames.ts";
import { RUST_PAYLOADS } from "../unit/wire/v0_payloads.ts";
import { fromHex, loadVectors } from "../unit/wire/vector_form.ts";
import { type FuzzTarget, outcomeOf } from "./fuzz_target.ts";
import { peerEnvelopes, runLink, runSession, sessionFrames } from "./router_runs.ts";
import { frameSeeds, requestSeeds, runRequest, runWebSocket } from "./socket_runs.ts";
import { repairStateFile, runStateFile, stateFiles } from "./state_file_runs.ts";

const HEADER_BYTES = 4;
const CAPABILITY_PREFIX = "cap_";
const BASE64_URL = { alphabet: "base64url", omitPadding: true } as const;

/** All that strangers feed to a router, each reader by itself and two whole routers. */
export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  { name: "frames", seeds: frames, run: runFrame, repair: repairLength },
  { name: "payloads", seeds: () => frames().map(payloadOf), run: runPayload },
  { name: "v0", seeds: () => RUST_PAYLOADS.map(({ hex }) => fromHex(hex)), run: runV0 },
  { name: "tokens", seeds: tokens, run: runToken },
  { name: "state", seeds: stateFiles, run: runStateFile, repair: repairStateFile },
  { name: "envelope", seeds: peerEnvelopes, run: runEnvelope, repair: repairLastLength },
  { name: "session", seeds: sessionFrames, run: runSession, repair: repairLength },
  { name: "link", seeds: peerEnvelopes, run: runLink, repair: repairLastLength },
  { name: "request", seeds: requestSeeds, run: runRequest },
  { name: "websocket", seeds: frameSeeds, run: runWebSocket },
];

function frames(): Uint8Array<ArrayBuffer>[] {
  return [...loadVectors(), ...EXTENSION_FRAMES].map(({ hex }) => fromHex(hex));
}

function payloadOf(frame: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return frame.slice(((frame[1] ?? 0) & 0x20) !== 0 ? HEADER_BYTES + 8 : HEADER_BYTES);
}

function runFrame(input: Uint8Array): string {
  unlessTyped(input, () => decodeClientFrame(input).message.type);
  return unlessTyped(input, () => stable(decodeFrame(input).message));
}

function runPayload(input: Uint8Array): string {
  return unlessTyped(input, () => stable(readMessage(input, 0, input.length)));
}

/** Whatever was read is written again, and reads as the same. */
function stable(message: Message): string {
  const encoded = encodeFrame(message);
  const again = encodeFrame(decodeFrame(encoded).message);
  if (encoded.toHex() !== again.toHex()) throw new Error("Written again, it is another message");
  return message.type;
}

function runV0(input: Uint8Array): string {
  return unlessTyped(input, () => {
    const message = readV0Message(input, 0, input.length);
    try {
      encodeFrame(message);
    } catch (error) {
      // A list of small integers is larger in v1. What is passed on is checked while it is read.
      if (!(error instanceof FrameTooLargeError) || message.type === "PUBLISH") throw error;
    }
    for (const frame of encodeV0Messages(message, {})) decodeClientFrame(frame);
    return message.type;
  });
}

function runEnvelope(input: Uint8Array): string {
  let told = "";
  const rest = unlessTyped(input, () => {
    readEnvelope(input, {
      isDone: false,
      message: ({ message }) => told += `${message.type} `,
      forwarded: (context, _index, { message }) => told += `${context.kind} ${message.type} `,
    });
    return "";
  });
  return told.slice(0, 60) + rest;
}

/** An input is the bytes behind `cap_`, which are base64url there; one that starts so is the text. */
function tokens(): Uint8Array[] {
  return GOLDEN_TOKENS.flatMap(({ token }) => [
    new TextEncoder().encode(token),
    Uint8Array.fromBase64(token.slice(CAPABILITY_PREFIX.length), BASE64_URL),
  ]);
}

function runToken(input: Uint8Array): string {
  const isText = CAPABILITY_PREFIX === String.fromCharCode(...input.subarray(0, 4));
  const text = isText
    ? new TextDecoder("utf-8").decode(input)
    : CAPABILITY_PREFIX + input.toBase64(BASE64_URL);
  try {
    const encoded = encodeCapability(decodeCapability(text));
    if (encoded !== text) throw new Error("A token has more than one spelling");
    const { scopes } = grantCapability(examineCapability(text, GOLDEN_POLICY));
    return `granted ${scopes.all.length}`;
  } catch (error) {
    if (error instanceof TokenError) return outcomeOf(error.message);
    throw error;
  }
}

function unlessTyped(input: Uint8Array, read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const { offset } = error;
    if (Number.isInteger(offset) && offset >= 0 && offset <= input.length) {
      return outcomeOf(error.message);
    }
    throw new Error(`Offset ${offset} is none of ${input.length} bytes`, { cause: error });
  }
}

/** The length in the header of a frame becomes what there is. */
function repairLength(input: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return withLength(input, 0);
}

/** The same for the last of several frames. */
function repairLastLength(input: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let start = 0;
  for (;;) {
    const before = headerBytes(input, start);
    const length = ((input[start + 2] ?? 0) << 8) | (input[start + 3] ?? 0);
    const end = start + before + length;
    if (length === 0 || end >= input.length) return withLength(input, start);
    start = end;
  }
}

function withLength(input: Uint8Array<ArrayBuffer>, start: number): Uint8Array<ArrayBuffer> {
  const length = input.length - start - headerBytes(input, start);
  if (length < 1 || length > 0xffff) return input;
  input[start] = 0x53;
  input[start + 2] = length >> 8;
  input[start + 3] = length & 0xff;
  return input;
}

function headerBytes(input: Uint8Array, start: number): number {
  return ((input[start + 1] ?? 0) & 0x20) !== 0 ? HEADER_BYTES + 8 : HEADER_BYTES;
}
