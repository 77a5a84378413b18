import { type FrameEvent, FrameParser } from "../../../src/edge/websocket_frame_parser.ts";
import { WebSocketProtocolError } from "../../../src/edge/websocket_protocol_error.ts";
import type { WebSocketRole } from "../../../src/edge/websocket_role.ts";
import { assert, assertEquals, assertLess, assertStrictEquals } from "../../support/assert.ts";
import { createPrng, type Prng } from "../../support/prng.ts";

const LIMIT = 1_000;

Deno.test("FrameParser reads the frames that RFC 6455 shows", () => {
  assertEquals(parse("810548656c6c6f"), ["text"]);
  assertEquals(parse("010348656c 80026c6f"), ["text"]);
  assertEquals(parse("890548656c6c6f"), ["ping 48656c6c6f"]);
  assertEquals(parse("8a0548656c6c6f"), []);
  assertEquals(parse(`827e0100${"ab".repeat(256)}`), [`message ${"ab".repeat(256)}`]);
  const large = parse(`827f0000000000010000${"cd".repeat(65_536)}`, { limit: 65_536 });
  assertEquals(large, [`message ${"cd".repeat(65_536)}`]);
});

Deno.test("FrameParser reads frames of 0 and 125 bytes, and several in a row", () => {
  assertEquals(parse("8200"), ["message "]);
  assertEquals(parse(`827d${"01".repeat(125)}`), [`message ${"01".repeat(125)}`]);
  assertEquals(parse("820101 8100 8900 82020203 8a00 8800"), [
    "message 01",
    "text",
    "ping ",
    "message 0203",
    "close 1005 ",
  ]);
});

Deno.test("FrameParser joins fragments, with control frames between them", () => {
  assertEquals(parse("020101 890170 000102 8a00 800103"), ["ping 70", "message 010203"]);
  assertEquals(parse("0200 0000 80020102"), ["message 0102"], "empty ones first");
  assertEquals(parse("02020102 0000 8000"), ["message 0102"], "empty ones last");
  assertEquals(parse("010161 890170 800162 820107"), ["ping 70", "text", "message 07"]);
});

Deno.test("FrameParser keeps the bytes of a message as they are until it goes on", () => {
  for (const hex of ["820161 820162", "020161 8000 020162 8000", "820161 020162 8000"]) {
    const parser = new FrameParser("client", LIMIT);
    parser.push(fromHex(hex));
    assertEquals(parser.next(), "message");
    const { payload } = parser;
    assertEquals(payload, fromHex("61"));
    assertEquals([parser.next(), parser.next()], ["message", undefined]);
  }
});

Deno.test("FrameParser hands a message that is all there out where it lies, and copies no other", () => {
  const parser = new FrameParser("server", LIMIT);
  const chunk = fromHex("8283 00000000 010203 82fe0002 01010101 0302 8284 00000000 0102");
  parser.push(chunk);
  for (const payload of ["010203", "0203"]) {
    assertEquals([parser.next(), parser.payload.toHex()], ["message", payload]);
    assertStrictEquals(parser.payload.buffer, chunk.buffer);
  }
  assertEquals(parser.next(), undefined);
  chunk.fill(0);
  parser.push(fromHex("0304"));
  assertEquals([parser.next(), parser.payload.toHex()], ["message", "01020304"]);
});

Deno.test("FrameParser that rests goes on where it was, and keeps no payload", () => {
  const parser = new FrameParser("client", LIMIT);
  const seen: string[] = [];
  // A message in three fragments, a ping among them, and a header that is cut.
  for (const hex of ["020101", "000102 890103 80", "0104", "820105"]) {
    parser.push(Uint8Array.fromHex(hex.replaceAll(" ", "")));
    for (let event = parser.next(); event !== undefined; event = parser.next()) {
      seen.push(inWords(parser, event));
    }
    parser.rest();
    assertEquals(parser.payload.length, 0);
  }
  assertEquals(seen, ["ping 03", "message 010204", "message 05"]);
});

Deno.test("FrameParser in the server's role unmasks payloads of every size at every place", () => {
  const prng = createPrng(5);
  const sizes = [...Array.from({ length: 200 }, (_, size) => size), 70_001, 1_000];
  for (let shift = 0; shift < 4; shift++) {
    const payloads = sizes.map((size) => randomBytes(prng, size + 1));
    const frames = payloads.map((payload) => maskedFrame(prng, 0x82, payload));
    const stream = joined([new Uint8Array(shift), ...frames]);
    const parser = new FrameParser("server", 100_000);
    parser.push(stream.subarray(shift));
    for (const payload of payloads) {
      assertEquals(parser.next(), "message");
      assertEquals(parser.payload.toHex(), payload.toHex());
    }
    assertEquals(parser.next(), undefined);
  }
});

Deno.test("FrameParser in the server's role refuses frames that are not masked", () => {
  for (const hex of ["820101", "8100", "8900", "8a00", "8800", "020101", "827e000101"]) {
    assertEquals(parse(hex, { role: "server" }), ["error 1002"], hex);
    assertEquals(parse(`8281 00000000 07 ${hex}`, { role: "server" }), [
      "message 07",
      "error 1002",
    ]);
  }
});

Deno.test("FrameParser in the server's role reads the masked frames that RFC 6455 shows", () => {
  assertEquals(parse("8185 37fa213d 7f9f4d5158", { role: "server" }), ["text"]);
  assertEquals(parse("8285 37fa213d 7f9f4d5158", { role: "server" }), ["message 48656c6c6f"]);
  assertEquals(parse("8985 37fa213d 7f9f4d5158", { role: "server" }), ["ping 48656c6c6f"]);
  assertEquals(parse("8884 01010101 02e96968", { role: "server" }), ["close 1000 hi"]);
});

Deno.test("FrameParser takes lengths in more bytes than they need", () => {
  assertEquals(parse("827e000161 827f000000000000000162"), ["message 61", "message 62"]);
});

Deno.test("FrameParser reads codes and reasons of closes", () => {
  assertEquals(parse("8800"), ["close 1005 "]);
  assertEquals(parse("880203e8"), ["close 1000 "]);
  assertEquals(parse("880403e9c3a9"), ["close 1001 é"]);
  assertEquals(parse(`887d0fa1${"61".repeat(123)}`), [`close 4001 ${"a".repeat(123)}`]);
  for (const code of [1000, 1003, 1007, 1011, 1012, 1014, 3000, 4999]) {
    assertEquals(parse(`8802${code.toString(16).padStart(4, "0")}`), [`close ${code} `]);
  }
});

Deno.test("FrameParser refuses closes that may not be sent", () => {
  assertEquals(parse("880103"), ["error 1002"], "half a code");
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535]) {
    assertEquals(parse(`8802${code.toString(16).padStart(4, "0")}`), ["error 1002"], `${code}`);
  }
  assertEquals(parse("880403e8c328"), ["error 1007"], "not UTF-8");
  assertEquals(parse("880303e8c3"), ["error 1007"], "cut UTF-8");
});

Deno.test("FrameParser delivers nothing after a close or an error", () => {
  assertEquals(parse("820101 8800 820102 8800"), ["message 01", "close 1005 "]);
  assertEquals(parse("820101 c20101 820102"), ["message 01", "error 1002"]);
});

Deno.test("FrameParser refuses frames that a server may not send", () => {
  const refused = {
    "reserved bit 1": "c20101",
    "reserved bit 2": "a20101",
    "reserved bit 3": "920101",
    "reserved bit in a control frame": "c900",
    "masked": "82810000000001",
    "opcode 3": "8300",
    "opcode 7": "8700",
    "opcode 11": "8b00",
    "opcode 15": "8f00",
    "fragmented ping": "0900",
    "fragmented close": "080203e8",
    "ping of 126 bytes": `897e007e${"00".repeat(126)}`,
    "close of 126 bytes": `887e007e03e8${"61".repeat(124)}`,
    "ping of 2^63 bytes": "897f8000000000000000",
    "continuation of nothing": "800101",
    "continuation after a whole message": "820101 800101",
    "message inside a message": "020101 820101",
    "text inside a message": "020101 810101",
    "message inside a text": "010161 820101",
  };
  for (const [what, hex] of Object.entries(refused)) {
    assertEquals(parse(hex).at(-1), "error 1002", what);
  }
});

Deno.test("FrameParser takes a message of the limit and refuses a larger one", () => {
  const bytes = "00".repeat(LIMIT);
  assertEquals(parse(`827e03e8${bytes}`), [`message ${bytes}`]);
  assertEquals(parse(`817e03e8${bytes}`), ["text"]);
  assertEquals(parse(`027e03e8${bytes} 8000`), [`message ${bytes}`]);
  // All of these are refused at the header, before a byte of the payload has come.
  assertEquals(parse("827e03e9"), ["error 1009"]);
  assertEquals(parse("817e03e9"), ["error 1009"], "text, though it is not kept");
  assertEquals(parse(`027e03e8${bytes} 8001`), ["error 1009"], "in fragments");
  assertEquals(parse(`017e03e8${bytes} 8001`), ["error 1009"], "text in fragments");
  for (
    const length of ["0000000100000000", "7fffffffffffffff", "8000000000000000", "f".repeat(16)]
  ) {
    assertEquals(parse(`827f${length}`), ["error 1009"], length);
    assertEquals(parse(`020101 807f${length}`), ["error 1009"], length);
  }
});

Deno.test("FrameParser says what it refuses and with which numbers", () => {
  const parser = new FrameParser("client", LIMIT);
  parser.push(fromHex("827e03e9"));
  assertEquals(
    errorOf(parser)?.message,
    "a message has 1001 bytes or more, the limit is 1000",
  );
});

Deno.test("FrameParser spends no more on many small fragments than on their bytes", () => {
  const parser = new FrameParser("client", 1_048_576);
  const fragment = fromHex("000161");
  parser.push(fromHex("0200"));
  assertEquals(parser.next(), undefined);
  const before = Deno.memoryUsage();
  const chunk = new Uint8Array(60_000);
  for (let at = 0; at < chunk.length; at += fragment.length) chunk.set(fragment, at);
  for (let sent = 0; sent < 1_000_000; sent += 20_000) {
    parser.push(chunk);
    assertEquals(parser.next(), undefined);
  }
  const after = Deno.memoryUsage();
  assertLess(after.heapUsed + after.external - before.heapUsed - before.external, 80_000_000);
  parser.push(fromHex("8000"));
  assertEquals(parser.next(), "message");
  assertEquals(parser.payload.length, 1_000_000);
});

Deno.test("FrameParser reads the same whatever the pieces are, in both roles", () => {
  for (let seed = 1; seed <= 600; seed++) {
    const prng = createPrng(seed);
    const role = prng.pick(["client", "server"] as const);
    const { bytes, events } = randomStream(prng, role);
    assertEquals(parseChunks([bytes], { role }), events, `seed ${seed}, whole`);
    const single = inPieces(bytes, () => 1);
    assertEquals(parseChunks(single, { role }), events, `seed ${seed}, byte by byte`);
    const pieces = inPieces(bytes, () => 1 + prng.nextInt(prng.pick([3, 20, 300])));
    assertEquals(parseChunks(pieces, { role }), events, `seed ${seed}, in random pieces`);
  }
});

Deno.test("FrameParser finds the same error whatever the pieces are", () => {
  for (let seed = 1; seed <= 1_000; seed++) {
    const prng = createPrng(seed);
    const role = prng.pick(["client", "server"] as const);
    const { bytes } = randomStream(prng, role);
    for (let flips = 0; flips < 3; flips++) bytes[prng.nextInt(bytes.length)] = prng.nextInt(256);
    const whole = parseChunks([bytes], { role });
    assertEquals(parseChunks(inPieces(bytes, () => 1), { role }), whole, `seed ${seed}`);
    const pieces = inPieces(bytes, () => 1 + prng.nextInt(50));
    assertEquals(parseChunks(pieces, { role }), whole, `seed ${seed}`);
  }
});

Deno.test("FrameParser throws nothing but its own error on random bytes", () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 5_000; seed++) {
    const prng = createPrng(seed);
    const bytes = Uint8Array.from({ length: 1 + prng.nextInt(60) }, () => prng.nextInt(256));
    // Without the bits that nearly every random frame fails for, some get further.
    if (prng.nextInt(4) > 0) {
      bytes[0] = (bytes[0] ?? 0) & 0x8f;
      bytes[1] = (bytes[1] ?? 0) & 0x7f;
    }
    // A foreign exception passes through parseChunks().
    for (const event of parseChunks([bytes])) seen.add(event.split(" ", 2).join(" ").slice(0, 10));
  }
  for (const event of ["error 1002", "error 1009", "text", "message", "ping"]) {
    assert([...seen].some((item) => item.startsWith(event)), `${event} occurs`);
  }
});

/** A valid stream of frames, and the events it is to give. */
function randomStream(
  prng: Prng,
  role: WebSocketRole,
): { bytes: Uint8Array<ArrayBuffer>; events: string[] } {
  const frames: Uint8Array[] = [];
  const events: string[] = [];
  const frame = (first: number, payload: Uint8Array) =>
    role === "client" ? plainFrame(first, payload) : maskedFrame(prng, first, payload);
  const control = () => {
    const payload = randomBytes(prng, 126);
    const isPing = prng.nextInt(2) === 0;
    frames.push(frame(0x80 | (isPing ? 9 : 10), payload));
    if (isPing) events.push(`ping ${payload.toHex()}`);
  };
  for (let messages = prng.nextInt(6); messages >= 0; messages--) {
    if (prng.nextInt(3) === 0) control();
    const isText = prng.nextInt(4) === 0;
    const payload = randomBytes(prng, prng.pick([2, 130, LIMIT + 1]));
    const cuts = Array.from({ length: prng.nextInt(4) }, () => prng.nextInt(payload.length + 1));
    const edges = [0, ...cuts.sort((a, b) => a - b), payload.length];
    for (let i = 0; i + 1 < edges.length; i++) {
      const opcode = i > 0 ? 0 : isText ? 1 : 2;
      const isLast = i + 2 === edges.length;
      if (i > 0 && prng.nextInt(3) === 0) control();
      frames.push(frame((isLast ? 0x80 : 0) | opcode, payload.subarray(edges[i], edges[i + 1])));
    }
    events.push(isText ? "text" : `message ${payload.toHex()}`);
  }
  if (prng.nextInt(2) === 0) {
    frames.push(frame(0x88, fromHex("03e8627965")));
    events.push("close 1000 bye");
  }
  return { bytes: joined(frames), events };
}

function randomBytes(prng: Prng, lengthMaxExclusive: number): Uint8Array {
  const length = prng.nextInt(lengthMaxExclusive);
  return Uint8Array.from({ length }, () => prng.nextInt(256));
}

function plainFrame(first: number, payload: Uint8Array): Uint8Array {
  return joined([headerOf(first, payload.length), payload]);
}

function maskedFrame(prng: Prng, first: number, payload: Uint8Array): Uint8Array {
  const header = headerOf(first, payload.length);
  header[1] = (header[1] ?? 0) | 0x80;
  const mask = Uint8Array.from({ length: 4 }, () => prng.nextInt(256));
  return joined([header, mask, payload.map((byte, i) => byte ^ (mask[i & 3] ?? 0))]);
}

function headerOf(first: number, length: number): Uint8Array {
  if (length < 126) return Uint8Array.of(first, length);
  if (length < 65_536) return Uint8Array.of(first, 126, length >> 8, length);
  return Uint8Array.of(first, 127, 0, 0, 0, 0, 0, length >> 16, length >> 8, length);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function inPieces(bytes: Uint8Array, nextSize: () => number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = nextSize();
    pieces.push(bytes.slice(at, at + size));
    at += size;
  }
  return pieces;
}

interface ParseOptions {
  readonly role?: WebSocketRole;
  readonly limit?: number;
}

function parse(hex: string, options: ParseOptions = {}): string[] {
  const bytes = fromHex(hex);
  const whole = parseChunks([bytes], options);
  assertEquals(parseChunks(inPieces(bytes, () => 1), options), whole, "byte by byte");
  return whole;
}

/** The events in words, an error of the parser's own last. The chunks are overwritten once read. */
function parseChunks(
  chunks: readonly Uint8Array[],
  { role = "client", limit = LIMIT }: ParseOptions = {},
): string[] {
  const parser = new FrameParser(role, limit);
  const events: string[] = [];
  const buffer = new Uint8Array(chunks.reduce((most, chunk) => Math.max(most, chunk.length), 0));
  for (const chunk of chunks) {
    buffer.set(chunk);
    parser.push(buffer.subarray(0, chunk.length));
    try {
      for (let event = parser.next(); event; event = parser.next()) {
        events.push(inWords(parser, event));
      }
    } catch (error) {
      if (!(error instanceof WebSocketProtocolError)) throw error;
      events.push(`error ${error.closeCode}`);
    }
    buffer.fill(0xff);
  }
  return events;
}

function inWords(parser: FrameParser, event: FrameEvent): string {
  switch (event) {
    case "message":
    case "ping":
      return `${event} ${parser.payload.toHex()}`;
    case "text":
      return "text";
    case "close":
      return `close ${parser.closeCode} ${parser.closeReason}`;
  }
}

function errorOf(parser: FrameParser): Error | undefined {
  try {
    parser.next();
  } catch (error) {
    return error instanceof Error ? error : undefined;
  }
  return undefined;
}

function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}
