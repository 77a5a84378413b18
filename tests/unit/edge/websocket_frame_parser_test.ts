import { type ServerEvent, ServerFrameParser } from "../../../src/edge/websocket_frame_parser.ts";
import { WebSocketProtocolError } from "../../../src/edge/websocket_protocol_error.ts";
import { assert, assertEquals, assertLess } from "../../support/assert.ts";
import { createPrng, type Prng } from "../../support/prng.ts";

const LIMIT = 1_000;

Deno.test("ServerFrameParser reads the frames that RFC 6455 shows", () => {
  assertEquals(parse("810548656c6c6f"), ["text"]);
  assertEquals(parse("010348656c 80026c6f"), ["text"]);
  assertEquals(parse("890548656c6c6f"), ["ping 48656c6c6f"]);
  assertEquals(parse("8a0548656c6c6f"), []);
  assertEquals(parse(`827e0100${"ab".repeat(256)}`), [`message ${"ab".repeat(256)}`]);
  const large = parse(`827f0000000000010000${"cd".repeat(65_536)}`, { limit: 65_536 });
  assertEquals(large, [`message ${"cd".repeat(65_536)}`]);
});

Deno.test("ServerFrameParser reads frames of 0 and 125 bytes, and several in a row", () => {
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

Deno.test("ServerFrameParser joins fragments, with control frames between them", () => {
  assertEquals(parse("020101 890170 000102 8a00 800103"), ["ping 70", "message 010203"]);
  assertEquals(parse("0200 0000 80020102"), ["message 0102"], "empty ones first");
  assertEquals(parse("02020102 0000 8000"), ["message 0102"], "empty ones last");
  assertEquals(parse("010161 890170 800162 820107"), ["ping 70", "text", "message 07"]);
});

Deno.test("ServerFrameParser hands out bytes that nothing writes to later", () => {
  for (const hex of ["820161", "020161 8000"]) {
    const parser = new ServerFrameParser(LIMIT);
    const chunk = fromHex(hex);
    parser.push(chunk);
    const event = parser.next();
    assertEquals(parser.next(), undefined);
    chunk.fill(0);
    parser.push(fromHex("820162 890163 020164 8000"));
    while (parser.next() !== undefined);
    assertEquals(event, { type: "message", bytes: fromHex("61") });
  }
});

Deno.test("ServerFrameParser takes lengths in more bytes than they need", () => {
  assertEquals(parse("827e000161 827f000000000000000162"), ["message 61", "message 62"]);
});

Deno.test("ServerFrameParser reads codes and reasons of closes", () => {
  assertEquals(parse("8800"), ["close 1005 "]);
  assertEquals(parse("880203e8"), ["close 1000 "]);
  assertEquals(parse("880403e9c3a9"), ["close 1001 é"]);
  assertEquals(parse(`887d0fa1${"61".repeat(123)}`), [`close 4001 ${"a".repeat(123)}`]);
  for (const code of [1000, 1003, 1007, 1011, 1012, 1014, 3000, 4999]) {
    assertEquals(parse(`8802${code.toString(16).padStart(4, "0")}`), [`close ${code} `]);
  }
});

Deno.test("ServerFrameParser refuses closes that may not be sent", () => {
  assertEquals(parse("880103"), ["error 1002"], "half a code");
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535]) {
    assertEquals(parse(`8802${code.toString(16).padStart(4, "0")}`), ["error 1002"], `${code}`);
  }
  assertEquals(parse("880403e8c328"), ["error 1007"], "not UTF-8");
  assertEquals(parse("880303e8c3"), ["error 1007"], "cut UTF-8");
});

Deno.test("ServerFrameParser delivers nothing after a close or an error", () => {
  assertEquals(parse("820101 8800 820102 8800"), ["message 01", "close 1005 "]);
  assertEquals(parse("820101 c20101 820102"), ["message 01", "error 1002"]);
});

Deno.test("ServerFrameParser refuses frames that a server may not send", () => {
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

Deno.test("ServerFrameParser takes a message of the limit and refuses a larger one", () => {
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

Deno.test("ServerFrameParser says what it refuses and with which numbers", () => {
  const parser = new ServerFrameParser(LIMIT);
  parser.push(fromHex("827e03e9"));
  assertEquals(
    errorOf(parser)?.message,
    "a message has 1001 bytes or more, the limit is 1000",
  );
});

Deno.test("ServerFrameParser spends no more on many small fragments than on their bytes", () => {
  const parser = new ServerFrameParser(1_048_576);
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
  const event = parser.next();
  assert(event?.type === "message");
  assertEquals(event.bytes.length, 1_000_000);
});

Deno.test("ServerFrameParser reads the same whatever the pieces are", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const prng = createPrng(seed);
    const { bytes, events } = randomStream(prng);
    assertEquals(parseChunks([bytes]), events, `seed ${seed}, whole`);
    assertEquals(parseChunks(inPieces(bytes, () => 1)), events, `seed ${seed}, byte by byte`);
    const pieces = inPieces(bytes, () => 1 + prng.nextInt(prng.pick([3, 20, 300])));
    assertEquals(parseChunks(pieces), events, `seed ${seed}, in random pieces`);
  }
});

Deno.test("ServerFrameParser finds the same error whatever the pieces are", () => {
  for (let seed = 1; seed <= 500; seed++) {
    const prng = createPrng(seed);
    const { bytes } = randomStream(prng);
    for (let flips = 0; flips < 3; flips++) bytes[prng.nextInt(bytes.length)] = prng.nextInt(256);
    const whole = parseChunks([bytes]);
    assertEquals(parseChunks(inPieces(bytes, () => 1)), whole, `seed ${seed}`);
    assertEquals(parseChunks(inPieces(bytes, () => 1 + prng.nextInt(50))), whole, `seed ${seed}`);
  }
});

Deno.test("ServerFrameParser throws nothing but its own error on random bytes", () => {
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
function randomStream(prng: Prng): { bytes: Uint8Array; events: string[] } {
  const frames: Uint8Array[] = [];
  const events: string[] = [];
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
    frames.push(fromHex("880503e8627965"));
    events.push("close 1000 bye");
  }
  return { bytes: joined(frames), events };
}

function randomBytes(prng: Prng, lengthMaxExclusive: number): Uint8Array {
  const length = prng.nextInt(lengthMaxExclusive);
  return Uint8Array.from({ length }, () => prng.nextInt(256));
}

function frame(first: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const header = length < 126 ? [first, length] : [first, 126, length >> 8, length & 0xff];
  return joined([Uint8Array.from(header), payload]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
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

function parse(hex: string, { limit = LIMIT }: { limit?: number } = {}): string[] {
  const bytes = fromHex(hex);
  const whole = parseChunks([bytes], limit);
  assertEquals(parseChunks(inPieces(bytes, () => 1), limit), whole, "byte by byte");
  return whole;
}

/** The events in words, an error of the parser's own last. The chunks are overwritten once read. */
function parseChunks(chunks: readonly Uint8Array[], limit: number = LIMIT): string[] {
  const parser = new ServerFrameParser(limit);
  const events: string[] = [];
  const buffer = new Uint8Array(chunks.reduce((most, chunk) => Math.max(most, chunk.length), 0));
  for (const chunk of chunks) {
    buffer.set(chunk);
    parser.push(buffer.subarray(0, chunk.length));
    try {
      for (let event = parser.next(); event; event = parser.next()) events.push(inWords(event));
    } catch (error) {
      if (!(error instanceof WebSocketProtocolError)) throw error;
      events.push(`error ${error.closeCode}`);
    }
    buffer.fill(0xff);
  }
  return events;
}

function inWords(event: ServerEvent): string {
  switch (event.type) {
    case "message":
      return `message ${event.bytes.toHex()}`;
    case "text":
      return "text";
    case "ping":
      return `ping ${event.payload.toHex()}`;
    case "close":
      return `close ${event.code} ${event.reason}`;
  }
}

function errorOf(parser: ServerFrameParser): Error | undefined {
  try {
    parser.next();
  } catch (error) {
    return error instanceof Error ? error : undefined;
  }
  return undefined;
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}
