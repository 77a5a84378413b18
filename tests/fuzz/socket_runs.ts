import { HttpError } from "../../src/edge/http_error.ts";
import { RequestHeadReader } from "../../src/edge/http_request_head.ts";
import { FrameParser } from "../../src/edge/websocket_frame_parser.ts";
import { WebSocketProtocolError } from "../../src/edge/websocket_protocol_error.ts";
import type { WebSocketRole } from "../../src/edge/websocket_role.ts";
import { MESSAGE_BYTES_MAX } from "../../src/limits.ts";

const REQUESTS: readonly string[] = [
  "GET / HTTP/1.1\r\nHost: a:7330\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
  "Sec-WebSocket-Protocol: clasp, clasp.v2\r\nOrigin: http://localhost\r\n\r\n",
  "HEAD http://[::1]:80/status?a=b HTTP/1.0\r\nContent-Length: 0\r\n\r\nrest",
  "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
];
const FRAMES: readonly string[] = [
  "818537fa213d7f9f4d5158 828137fa213d01 898037fa213d 8a8037fa213d 888237fa213d3412",
  "020101 890170 000102 800103 820107 827e000161 827f000000000000000162 880403e9c3a9",
  "0281a1b2c3d400 8980a1b2c3d4 0080a1b2c3d4 8081a1b2c3d400 82fe0003a1b2c3d4010203",
];

/** Requests to start from. */
export function requestSeeds(): Uint8Array<ArrayBuffer>[] {
  return REQUESTS.map((text) => new TextEncoder().encode(text));
}

/** Frames to start from. */
export function frameSeeds(): Uint8Array<ArrayBuffer>[] {
  return FRAMES.map((hex) => Uint8Array.fromHex(hex.replaceAll(" ", "")));
}

/** Reads a request whole and byte by byte, which must come to the same. */
export function runRequest(input: Uint8Array): string {
  const whole = requestOutcome([input]);
  const single = requestOutcome(Array.from(input, (byte) => Uint8Array.of(byte)));
  if (whole !== single) throw new Error(`Byte by byte it is read otherwise: ${whole} / ${single}`);
  return whole;
}

function requestOutcome(pieces: readonly Uint8Array[]): string {
  const reader = new RequestHeadReader();
  try {
    for (const piece of pieces) {
      if (reader.push(piece) === undefined) continue;
      const { method, headers } = reader.head();
      return `${method} ${[...headers.keys()].length}`;
    }
    return "unfinished";
  } catch (error) {
    if (error instanceof HttpError) return `${error.status} ${error.message}`;
    throw error;
  }
}

/** Reads frames in both roles, whole and in pieces of three bytes, which must come to the same. */
export function runWebSocket(input: Uint8Array): string {
  return (["client", "server"] as const).map((role) => {
    const whole = framesOutcome(role, [input.slice()]);
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (let at = 0; at < input.length; at += 3) pieces.push(input.slice(at, at + 3));
    const cut = framesOutcome(role, pieces);
    if (whole !== cut) throw new Error(`In pieces they are read otherwise: ${whole} / ${cut}`);
    return whole.replaceAll(/[0-9a-f]{2,}/g, "");
  }).join(" | ");
}

function framesOutcome(role: WebSocketRole, pieces: readonly Uint8Array<ArrayBuffer>[]): string {
  const parser = new FrameParser(role, MESSAGE_BYTES_MAX);
  const events: string[] = [];
  try {
    for (const piece of pieces) {
      parser.push(piece);
      for (let event = parser.next(); event !== undefined; event = parser.next()) {
        const hasPayload = event === "message" || event === "ping";
        events.push(hasPayload ? `${event} ${parser.payload.toHex()}` : event);
      }
    }
  } catch (error) {
    if (!(error instanceof WebSocketProtocolError)) throw error;
    events.push(`${error.closeCode} ${error.message}`);
  }
  return events.join(", ");
}
